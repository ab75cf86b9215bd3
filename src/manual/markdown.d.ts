/** A page of the manual. The build and the tests import it as its text. */
declare module '*.md' {
  const text: string;
  export default text;
}
