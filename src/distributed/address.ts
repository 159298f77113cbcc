// The address that a process listens on for the others: one interface, and no other.
import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import { messageOf, TagformerError } from "../base/errors.js";
import type { Launch } from "./launch.js";

const loopback = "127.0.0.1";

export interface Listening {
  /** In numbers. */
  readonly address: string;
  /** The name of its interface, such as `eth0`; `null` where that is not known. */
  readonly interface: string | null;
  /** Where the store is: of rank 0 the address that it listens on. */
  readonly store: string;
}

/**
 * Where this process listens. What stays on one machine is not to be reached from others.
 *
 * @throws TagformerError `DISTRIBUTED` when the machine of rank 0 cannot be found
 */
export async function listeningAddress({ rank, size, localSize, meeting }: Launch): Promise<Listening> {
  if (meeting.file !== undefined) return at(loopback, loopback);
  const route = await localAddressTowards(meeting.host);
  // Some machines know their own name as an address that no other one reaches.
  const own =
    isLoopback(route) && localSize < size && !isLoopback(meeting.host) && meeting.host !== "localhost"
      ? (firstOuterAddress() ?? route)
      : route;
  const store = rank === 0 && !meeting.served ? own : meeting.host;
  return at(localSize === size ? loopback : own, store);
}

function at(address: string, store: string): Listening {
  const found = Object.entries(networkInterfaces()).find(([, addresses]) =>
    addresses?.some((one) => one.address === address),
  );
  return { address, interface: found?.[0] ?? null, store };
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

function firstOuterAddress(): string | undefined {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === "IPv4")?.address;
}

/** The address from which this machine sends to a host; of its own addresses that is the address itself. Nothing is sent. */
async function localAddressTowards(host: string): Promise<string> {
  try {
    const { address, family } = await lookup(host);
    const socket = createSocket(family === 6 ? "udp6" : "udp4");
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once("error", reject);
        socket.connect(9, address, resolve);
      });
      return socket.address().address;
    } finally {
      socket.close();
    }
  } catch (error) {
    throw new TagformerError(
      "DISTRIBUTED",
      `the machine of rank 0, ${host}, cannot be found (${messageOf(error)}); set MASTER_ADDR to a name or address that all machines reach`,
      { cause: error },
    );
  }
}
