declare module "mini-program" {
  export const program: import("./runtime/program").Program;
}
declare module "mini-program.css";
declare module "*.css";
