BEGIN;

SELECT count(*) AS count_1, json_group_array(json_object(
  'id', CAST(tasks_2.id AS TEXT),
  'title', CAST(coalesce(tasks_2.title, '') AS TEXT),
  'dueOn', CAST(tasks_2.due_on AS TEXT),
  'dueAt', CAST(tasks_2.due_at AS TEXT),
  'project', (SELECT json_object(
  'name', CAST(coalesce(projects_3.name, '') AS TEXT)) AS json_object_1
FROM projects AS projects_3
WHERE projects_3.id = tasks_2.project_id))) AS json_group_array_1
FROM (SELECT tasks_1.id AS id, tasks_1.title AS title, tasks_1.due_on AS due_on, tasks_1.due_at AS due_at, tasks_1.project_id AS project_id
FROM tasks AS tasks_1
WHERE (tasks_1.due_on < ? OR tasks_1.due_at < ?) AND tasks_1.is_completed = 0
ORDER BY tasks_1.due ASC NULLS LAST, tasks_1.id ASC
LIMIT ? + 0 OFFSET ?) AS tasks_2;
-- with ['2026-02-01', '2026-01-31T12:00:00.000Z', 50, 0]
