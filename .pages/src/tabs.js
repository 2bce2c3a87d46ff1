// The tabs GraphiQL opens with the first time: one operation each, so that Run never has to ask which one.
// A tab is named after its operation. After the first visit GraphiQL keeps the visitor's own tabs instead.

const newest = `# Run: the button here, or Ctrl-Enter.
# Suggestions: Ctrl-Space.
# Documentation: the icon at the top left.

query NewestTasks {
  tasks(
    orderBy: [{ field: CREATED_AT, direction: DESC }]
    limit: 10
  ) {
    id
    title
    description
    completed
    createdAt
  }
}
`;

const add = `# The new task is in "Variables" below. When the input
# cannot be taken, "task" is null and "problems" says why.

mutation AddTask($input: CreateTaskInput!) {
  createTask(input: $input) {
    task {
      id
      title
      completed
      createdAt
    }
    problems {
      code
      message
      path
    }
  }
}
`;

const complete = `# Put the id of your task in "Variables".
# Fields that the input leaves out stay as they are.

mutation CompleteTask($id: ID!, $input: UpdateTaskInput!) {
  updateTask(id: $id, input: $input) {
    task {
      id
      title
      completed
      completedAt
      version
    }
    problems {
      code
      message
      path
    }
  }
}
`;

const remove = `# Put the id of the task to delete in "Variables".

mutation DeleteTask($id: ID!) {
  deleteTask(id: $id) {
    deletedIds
    problems {
      code
      message
      path
    }
  }
}
`;

const json = (value) => JSON.stringify(value, null, 2);

export const defaultTabs = [
  { query: newest },
  { query: add, variables: json({ input: { title: "Water the plants" } }) },
  { query: complete, variables: json({ id: "1", input: { completed: true } }) },
  { query: remove, variables: json({ id: "1" }) },
];
