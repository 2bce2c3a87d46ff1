BEGIN;

SELECT json_object(
  'id', CAST(tasks.id AS TEXT),
  'title', CAST(coalesce(tasks.title, '') AS TEXT),
  'completed', iif(tasks.completed, json('true'), json('false'))) AS json_object_1
FROM tasks
WHERE tasks.id = ?;
-- with [2]
