/** xen_intr_describe's texts: for people only, so they are kept beside the machine. */
export class Descriptions {
  readonly #byDom = new Map<number, Map<number, string>>();

  /** Domains that have some. */
  get size(): number {
    return this.#byDom.size;
  }

  set(dom: number, handle: number, text: string): void {
    const texts = this.#byDom.get(dom) ?? new Map<number, string>();
    this.#byDom.set(dom, texts.set(handle, text));
  }

  get(dom: number, handle: number): string {
    return this.#byDom.get(dom)?.get(handle) ?? '';
  }

  delete(dom: number, handle: number): void {
    this.#byDom.get(dom)?.delete(handle);
  }

  forgetDomain(dom: number): void {
    this.#byDom.delete(dom);
  }

  /** The guest of `from` runs in `to` now. */
  move(from: number, to: number): void {
    const texts = this.#byDom.get(from);
    if (texts === undefined || from === to) return;
    this.#byDom.delete(from);
    this.#byDom.set(to, texts);
  }
}
