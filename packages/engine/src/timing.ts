/** Milliseconds between marks, in the design's terms. */
export class TimerUtility {
  #began = performance.now();

  restart(): void {
    this.#began = performance.now();
  }

  elapsedMs(): number {
    return performance.now() - this.#began;
  }
}

/** Tells how long its scope took, when the scope ends: `using timer = new ScopeTimer((ms) => ...)`. */
export class ScopeTimer implements Disposable {
  readonly #timer = new TimerUtility();
  readonly #tell: (ms: number) => void;

  constructor(tell: (ms: number) => void) {
    this.#tell = tell;
  }

  [Symbol.dispose](): void {
    this.#tell(this.#timer.elapsedMs());
  }
}
