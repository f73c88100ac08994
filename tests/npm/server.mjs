// A server of somebody who uses @instantdb/admin: told what to do on stdin, tells what came of
// it on stdout, one JSON object a line.
import { createInterface } from "node:readline";
import { i, init } from "@instantdb/admin";

const tell = (event) => process.stdout.write(JSON.stringify(event) + "\n");
const indexed = (attribute) => attribute.indexed();
const schema = i.schema({
  entities: {
    chats: i.entity({
      teacher_id: indexed(i.string()).optional(),
      title: i.string().optional(),
      created_at: indexed(i.number()).optional(),
      mirror_rev: indexed(i.number()),
    }),
  },
});
let db;

const acts = {
  init({ config }) {
    db = init({ ...config, schema });
  },
  update({ namespace, id, values }) {
    return db.transact(db.tx[namespace][id].update(values));
  },
  query({ query, token }) {
    return (token ? db.asUser({ token }) : db).query(query);
  },
};

createInterface({ input: process.stdin })
  .on("line", async (line) => {
    const command = JSON.parse(line);
    try {
      const answer = await acts[command.do](command);
      if (command.do !== "init") tell({ event: "done", answer });
    } catch (error) {
      tell({ event: "refused", status: error.status, body: error.body, message: error.message });
    }
  })
  .on("close", () => process.exit(0));
