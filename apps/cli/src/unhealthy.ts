// The health of backups that is not ok: the result is out by then; what is thrown leads to an exit code of its own.
import type { HealthStatus } from "@nadb/backup";

export class Unhealthy extends Error {
  override readonly name = "Unhealthy";

  constructor(
    readonly status: Exclude<HealthStatus, "ok">,
    message: string,
  ) {
    super(message);
  }
}
