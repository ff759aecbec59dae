/** The only globals of a mini program that the SDK uses, beside `wx`. */
declare function setTimeout(run: () => void, ms?: number): number;
declare function clearTimeout(timer: number): void;
