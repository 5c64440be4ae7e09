/** A clock that stands still until a test moves it. */
export class Clock {
  #now = Date.UTC(2031, 4, 17, 12);

  readonly now = (): number => this.#now;

  advance(ms: number): void {
    this.#now += ms;
  }
}
