// Where there are no processes: every copy of this program is somebody of its own, and nobody knows when one is gone.
import { toHex } from "@nadb/core";

const nonce = toHex(crypto.getRandomValues(new Uint8Array(8)));

export const processOwner = (): string => `client ${nonce}`;

export const isOwnerGone = (_owner: string): boolean => false;

export const machine = (): string => "";

export const isDead = (_pid: number): boolean => false;
