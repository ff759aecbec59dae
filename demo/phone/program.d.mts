export declare function readProgram(
  root: string,
): Promise<{ code: string; css: string; warnings: string[]; files: string[] }>;
