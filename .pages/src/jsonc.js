// GraphiQL's JSON with comments, formatted by the parser that it brings along. The build puts this module in place of
// GraphiQL's own, which loads 540 kB of Prettier (Babel and its printer) to indent the variables.

import { applyEdits, format } from "jsonc-parser";

export { parseJSONC, tryParseJSONC } from "../node_modules/@graphiql/react/dist/utility/jsonc.js";

export const formatJSONC = async (text) =>
  applyEdits(text, format(text, undefined, { tabSize: 2, insertSpaces: true }));
