BEGIN;

SELECT json_object(
  'version', CAST(tasks_1.version AS INTEGER),
  'title', CAST(coalesce(tasks_1.title, '') AS TEXT),
  'updatedAt', CAST(tasks_1.updated_at AS TEXT),
  'createdAt', CAST(tasks_1.created_at AS TEXT),
  'id', CAST(tasks_1.id AS TEXT),
  'description', CAST(coalesce(tasks_1.description, '') AS TEXT)) AS json_object_1
FROM tasks AS tasks_1
WHERE tasks_1.id = ?;
-- with [3]
