/** The gamma of sRGB (IEC 61966-2-1), undone: 0..1 to linear light 0..1. */
function linear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

/** Linear light of 8-bit sRGB values, in units of 1/2040. */
const lightOf = Uint16Array.from({ length: 256 }, (_, value) => Math.round(2040 * linear(value / 255)));

/** CIE 1976: the cube root, or its tangent near black, in units of 2^-15; by luminance in units of 1/2040. */
const cubeRoots = Uint16Array.from({ length: 3072 }, (_, i) => {
  const luminance = i / 2040;
  return Math.round(32_768 * (luminance < 0.008856 ? luminance * 7.787 + 16 / 116 : Math.cbrt(luminance)));
});

/** The share of each channel in the luminance of sRGB white, in units of 1/4096. */
const [redShare, greenShare, blueShare] = [871, 2929, 296];

/**
 * Lightness L* of CIELAB, 0..100 as 0..255, in the fixed-point arithmetic of cv2.cvtColor(image, COLOR_RGB2LAB).
 *
 * @param red 8-bit sRGB, as `green` and `blue`.
 */
export function lightness(red: number, green: number, blue: number): number {
  const light = redShare * lightOf[red]! + greenShare * lightOf[green]! + blueShare * lightOf[blue]!;
  const root = cubeRoots[(light + 2048) >> 12]!;
  // 116 f(Y) - 16, times 2.55
  return Math.floor((296 * root - 1_336_934 + 16_384) / 32_768);
}
