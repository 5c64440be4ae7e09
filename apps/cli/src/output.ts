// Where words go. stdout carries a command's result and nothing else; notes and errors go to stderr, and with
// --json stderr carries nothing but errors, one JSON line each.
import pc from "picocolors";
import { type Failure, fileError, isClosedOutput } from "./failure.js";
import { printable, toJson } from "./format.js";

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
}

type Stream = NodeJS.WriteStream;

export class Output {
  constructor(
    readonly stdout: Stream,
    readonly stderr: Stream,
    readonly options: OutputOptions,
  ) {}

  /** The result: `document` with --json, otherwise `text`, which needs no line end; none if it is empty. */
  async result(document: object, text: string): Promise<void> {
    const shown = this.options.json ? toJson(document, 2) : text;
    if (shown !== "") await this.raw(`${shown}\n`);
  }

  /** Resolves when the bytes are out; rejects when nobody takes them (EPIPE) or they can not be written. */
  async raw(bytes: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.stdout.write(bytes, (error) => {
        if (error) reject(isClosedOutput(error) ? error : fileError("writing the result", error));
        else resolve();
      });
    });
  }

  /** Something worth knowing that is no result. Silent with --quiet and --json. */
  note(text: string): void {
    if (!this.options.quiet && !this.options.json) this.stderr.write(`${text}\n`);
  }

  failure(failure: Failure): void {
    this.stderr.write(
      `${this.options.json ? toJson(failure) : failureText(failure, this.stderr)}\n`,
    );
  }

  get showsProgress(): boolean {
    return this.stderr.isTTY === true && !this.options.quiet && !this.options.json;
  }
}

function failureText({ code, message, hint }: Failure, stream: Stream): string {
  const colors = colorsFor(stream);
  const first = `${colors.red(code)}: ${printable(message)}`;
  return hint === undefined ? first : `${first}\n${colors.dim(`hint: ${printable(hint)}`)}`;
}

/** Colours only where a person looks; NO_COLOR and --no-color are seen to by picocolors. */
export function colorsFor(stream: Stream): ReturnType<typeof pc.createColors> {
  const forced = process.env.FORCE_COLOR !== undefined;
  return pc.createColors(pc.isColorSupported && (stream.isTTY === true || forced));
}
