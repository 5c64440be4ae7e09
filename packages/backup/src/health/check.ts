// What one look at the health of backups says; the worst of them is the health (judge.ts).
export type HealthStatus = "ok" | "warning" | "critical";

export interface HealthCheck {
  readonly name: string;
  readonly status: HealthStatus;
  readonly reason: string;
}
