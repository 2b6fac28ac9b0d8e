/**
 * Who may do what. A person has one role; a role is a set of permissions; a route of the API names the one permission that
 * it takes. Nothing else decides: neither the console, which only hides what would be refused, nor a key, which
 * has the role of the person whose key it is.
 */
export const ROLES = ['read_only', 'analyst', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export const PERMISSIONS = [
  /** See payments, cases, figures, policies. */
  'view',
  /** Take lists and figures away as files. */
  'export',
  /** Save, validate, simulate and back-test policies, none of which decides anything. */
  'draft_policy',
  /** Command payments, refunds and cases; send webhooks again. */
  'act',
  /** Change what decides: shadow, canary, promotion, roll-back, experiments. */
  'change_policy',
  /** Read who did what. */
  'view_audit',
  /** Merchants, keys, provider accounts, webhook endpoints, people and their roles. */
  'configure',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

const GRANTS: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  read_only: new Set(['view']),
  analyst: new Set(['view', 'export', 'draft_policy']),
  operator: new Set(['view', 'export', 'draft_policy', 'act', 'change_policy', 'view_audit']),
  admin: new Set(PERMISSIONS),
};

export function may(role: Role, permission: Permission): boolean {
  return GRANTS[role].has(permission);
}

/** In the order of the list above, for a page that shows what a person may do. */
export function permissionsOf(role: Role): readonly Permission[] {
  return PERMISSIONS.filter((permission) => may(role, permission));
}

export function isRole(text: string): text is Role {
  return ROLES.some((role) => role === text);
}

/** Whom to ask for it. */
export function rolesWith(permission: Permission): readonly Role[] {
  return ROLES.filter((role) => may(role, permission));
}
