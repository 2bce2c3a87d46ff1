// Every client here sends an operation again as it was when it reconnects. So `since` is a getter: what was an old token
// by then is the last event's.

/** The variables, with a `since` that moves on with the results that are `heard`. */
export function resuming(variables = {}) {
  let { since } = variables;
  return {
    variables: {
      ...variables,
      get since() {
        return since;
      },
    },
    heard(result) {
      since = result.data?.taskEvents?.syncToken ?? since;
    },
  };
}
