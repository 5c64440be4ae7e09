// Done, but not all of it: something was held back or left, and somebody should look. The result is out by then; what is
// thrown says so and leads to an exit code of its own.
export class HeldBack extends Error {
  override readonly name = "HeldBack";

  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}
