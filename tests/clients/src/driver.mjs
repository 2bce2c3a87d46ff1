// Runs a client by commands on stdin, one JSON object a line, and says on stdout in the same way what its user sees:
//
//     {"do": "run", "as": name, "query", "variables"}      -> {as, result} or {as, failed}
//     {"do": "follow", "as": name, "query", "variables"}   -> {as, next} ..., at last {as, failed} or {as, complete}
//     {"do": "watch", "as": name, "query", "variables"}    -> as "follow", from the client's cache alone
//     {"do": "stop", "as": name}
//     {"do": "reconnect"}                                  lets the client try again, which it does not by the clock
//
// and {connection: "open"} or {connection: "lost"} when that happens.

import { createInterface } from "node:readline";

/** Connect a client to the address on the command line and serve commands until stdin ends. */
export async function drive(connect) {
  const say = (observation) => process.stdout.write(JSON.stringify(observation) + "\n");
  let tryAgain = () => {};
  const reconnect = () => new Promise((resolve) => (tryAgain = resolve));
  const client = connect(process.argv[2], { say, reconnect });
  const stops = new Map();

  const follow = (how, as, operation) =>
    stops.set(
      as,
      client[how](operation, {
        next: (result) => say({ as, next: result }),
        error: (error) => say({ as, failed: described(error) }),
        complete: () => say({ as, complete: true }),
      }),
    );

  for await (const line of createInterface({ input: process.stdin })) {
    const { do: what, as, ...operation } = JSON.parse(line);
    if (what === "run")
      client.run(operation).then(
        (result) => say({ as, result }),
        (error) => say({ as, failed: described(error) }),
      );
    else if (what === "stop") stops.get(as)();
    else if (what === "reconnect") tryAgain();
    else follow(what, as, operation);
  }
  process.exit();
}

/** What JSON can hold of an error: GraphQL's own list as it is, anything else by its name. */
function described(error) {
  if (Array.isArray(error)) return error;
  const { name, message, code, reason, errors, graphQLErrors } = error;
  return { name, message, code, reason, errors: errors ?? graphQLErrors };
}
