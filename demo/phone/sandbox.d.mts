export declare const SUPPLIED: string[];
export declare const SHADOWED: string[];
