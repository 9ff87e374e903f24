import type { Port } from '../public/ids.ts';

/** evtchn_enabled of one CPU: the ports that it may service. */
export class EnabledPorts {
  /** 32 ports a word. */
  readonly words: Uint32Array<ArrayBuffer>;

  constructor(ports: number) {
    this.words = new Uint32Array(ports / 32);
  }

  /** All of it, as it lies in memory. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.words.buffer);
  }

  set(port: Port): void {
    this.words[port >>> 5]! |= 1 << (port & 31);
  }

  clear(port: Port): void {
    this.words[port >>> 5]! &= ~(1 << (port & 31));
  }

  has(port: Port): boolean {
    return (this.words[port >>> 5]! & (1 << (port & 31))) !== 0;
  }

  fill(enabled: boolean): void {
    this.words.fill(enabled ? 0xffff_ffff : 0);
  }

  /** The bits of ports `index` * 32 to `index` * 32 + 31. */
  word(index: number): number {
    return this.words[index]!;
  }
}
