/**
 * The one cookie. Under https it has the `__Host-` prefix, which a neighbouring subdomain cannot set; without, on a developer's
 * machine, browsers would refuse that name.
 */
export interface SessionCookie {
  readonly name: string;
  set(token: string): string;
  clear(): string;
  /** Undefined: none. Two of the name are as none: nobody could say whose the second is. */
  read(header: string | undefined): string | undefined;
}

const NAME = 'interlock_session';

export function createSessionCookie(publicUrl: string): SessionCookie {
  const isSecure = publicUrl.startsWith('https:');
  const name = isSecure ? `__Host-${NAME}` : NAME;
  const marks = `Path=/; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
  return {
    name,
    // Without Max-Age: it ends with the browser at the latest, and by the server's clock before.
    set: (token) => `${name}=${token}; ${marks}`,
    clear: () => `${name}=; ${marks}; Max-Age=0`,
    read(header) {
      const found = (header ?? '')
        .split(';')
        .map((pair) => pair.trim())
        .filter((pair) => pair.startsWith(`${name}=`));
      return found.length === 1 ? found[0]?.slice(name.length + 1) : undefined;
    },
  };
}
