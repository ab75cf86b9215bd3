/** The script and the styles of the page, which the build makes of `src/daemon/page`. */
declare module 'ipvstate:page' {
  export const script: string;
  export const style: string;
}
