/** What is used here of https://webassembly.github.io/spec/js-api: TypeScript describes it with the browser's types only. */
declare namespace WebAssembly {
  const Module: new (bytes: Uint8Array) => object;
  const Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> };
  interface Memory {
    readonly buffer: ArrayBuffer;
    /** @returns the pages of 65,536 bytes that there were before. */
    grow(pages: number): number;
  }
}
