BEGIN;

SELECT json_object(
  'version', CAST(tasks.version AS INTEGER),
  'title', CAST(coalesce(tasks.title, '') AS TEXT),
  'updatedAt', CAST(tasks.updated_at AS TEXT),
  'createdAt', CAST(tasks.created_at AS TEXT),
  'id', CAST(tasks.id AS TEXT),
  'description', CAST(coalesce(tasks.description, '') AS TEXT)) AS json_object_1
FROM tasks
WHERE tasks.id = ?;
-- with [3]
