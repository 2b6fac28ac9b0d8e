/**
 * Every change to what a workflow does is a line here: its patch id, and when it may be deprecated (when
 * no open workflow predates it) and removed. Code asks `patched(PATCHES.name)`. There is none yet: the
 * recorded histories in each workflow's folder are of the first version.
 */
export const PATCHES = {} as const;
