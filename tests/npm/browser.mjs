// A browser as far as @instantdb/core can tell: told what to do on stdin, tells what it sees
// on stdout, one JSON object a line.
import { createInterface } from "node:readline";
import { init, tx } from "@instantdb/core";
import WebSocket from "ws";

class Memory {
  store = new Map();
  constructor(appId, dbName) {
    this.appId = appId;
    this.dbName = dbName;
  }
  async getItem(key) {
    return this.store.get(key) ?? null;
  }
  async setItem(key, value) {
    this.store.set(key, value);
  }
  async removeItem(key) {
    this.store.delete(key);
  }
  async multiSet(pairs) {
    for (const [key, value] of pairs) this.store.set(key, value);
  }
  async getAllKeys() {
    return [...this.store.keys()];
  }
}

const alwaysOnline = { getIsOnline: async () => true, listen: () => () => {} };
globalThis.window = globalThis;
globalThis.WebSocket = WebSocket;
// The library logs what it also reports; stdout is ours.
for (const name of ["log", "info", "warn", "error", "debug"]) console[name] = () => {};

const tell = (event) => process.stdout.write(JSON.stringify(event) + "\n");
const because = (error) => ({ message: error?.body?.message ?? error?.message, hint: error?.body?.hint ?? error?.hint });
let db;

const acts = {
  init({ config }) {
    db = init(config, Memory, alwaysOnline);
  },
  async sign_in({ token }) {
    await db.auth.signInWithToken(token);
    tell({ event: "signed in" });
  },
  subscribe({ query }) {
    db.subscribeQuery(query, ({ data, error, pageInfo }) =>
      tell(error ? { event: "error", ...because(error) } : { event: "rows", data, pageInfo }),
    );
  },
  watch() {
    db.subscribeConnectionStatus((status) => tell({ event: "status", status }));
  },
  async update({ namespace, id, values }) {
    const { status } = await db.transact(tx[namespace][id].update(values));
    tell({ event: "written", status });
  },
  async delete({ namespace, id }) {
    const { status } = await db.transact(tx[namespace][id].delete());
    tell({ event: "written", status });
  },
};

createInterface({ input: process.stdin })
  .on("line", async (line) => {
    const command = JSON.parse(line);
    try {
      await acts[command.do](command);
    } catch (error) {
      tell({ event: "refused", ...because(error) });
    }
  })
  .on("close", () => process.exit(0));
