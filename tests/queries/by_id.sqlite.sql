BEGIN;

SELECT json_object(
  'title', CAST(coalesce(tasks.title, '') AS TEXT),
  'completed', iif(tasks.completed, json('true'), json('false'))) AS json_object_1
FROM tasks
WHERE tasks.id = ?;
-- with [2]

SELECT json_object(
  'id', CAST(tasks.id AS TEXT)) AS json_object_1
FROM tasks
WHERE tasks.id = ?;
-- with [9007199254740993]

SELECT json_object(
  'title', CAST(coalesce(tasks.title, '') AS TEXT)) AS json_object_1
FROM tasks
WHERE tasks.id = ?;
-- with [404]
