BEGIN;

SELECT json_object(
  'title', CAST(coalesce(tasks_1.title, '') AS TEXT),
  'completed', iif(tasks_1.is_completed, json('true'), json('false'))) AS json_object_1
FROM tasks AS tasks_1
WHERE tasks_1.id = ?;
-- with [2]

SELECT json_object(
  'id', CAST(tasks_1.id AS TEXT)) AS json_object_1
FROM tasks AS tasks_1
WHERE tasks_1.id = ?;
-- with [9007199254740993]

SELECT json_object(
  'title', CAST(coalesce(tasks_1.title, '') AS TEXT)) AS json_object_1
FROM tasks AS tasks_1
WHERE tasks_1.id = ?;
-- with [404]
