/** Whether the person wants nothing to move; then nothing is waited for that is only there to be watched. */
export const isStill = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;
