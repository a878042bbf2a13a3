export const schedulerIds = [
  'ddim',
  'euler',
  'euler_karras',
  'euler_a',
  'dpmpp_2m',
  'dpmpp_2m_karras',
  'dpmpp_2m_sde',
  'dpmpp_2m_sde_karras',
  'dpmpp_3m',
  'dpmpp_3m_karras',
  'unipc',
  'lcm',
] as const;

export type SchedulerId = (typeof schedulerIds)[number];
