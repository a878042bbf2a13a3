/** Everything belongs to a tenant; there is one until there are API keys. */
export const defaultTenant = 'default';
