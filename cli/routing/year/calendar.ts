/** The year that is played: any would do, and it must have twelve whole months in UTC. */
export const YEAR_START_MS = Date.UTC(2025, 0, 1);
export const DAY_MS = 86_400_000;
export const DAYS = 365;
