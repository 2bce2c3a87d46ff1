BEGIN;

SELECT json_object(
  'title', CAST(coalesce(tasks_1.title, '') AS TEXT),
  'description', CAST(coalesce(tasks_1.description, '') AS TEXT),
  'completed', iif(tasks_1.is_completed, json('true'), json('false')),
  'priority', CASE tasks_1.priority WHEN 0 THEN 'NONE' WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' WHEN 4 THEN 'URGENT' END,
  'dueOn', CAST(tasks_1.due_on AS TEXT),
  'dueAt', CAST(tasks_1.due_at AS TEXT),
  'startOn', CAST(tasks_1.start_on AS TEXT),
  'version', CAST(tasks_1.version AS INTEGER),
  'project', (SELECT json_object(
  'id', CAST(projects_2.id AS TEXT),
  'name', CAST(coalesce(projects_2.name, '') AS TEXT),
  'color', CAST(projects_2.color AS TEXT)) AS json_object_2
FROM projects AS projects_2
WHERE projects_2.id = tasks_1.project_id),
  'parent', (SELECT json_object(
  'id', CAST(tasks_3.id AS TEXT),
  'title', CAST(coalesce(tasks_3.title, '') AS TEXT)) AS json_object_3
FROM tasks AS tasks_3
WHERE tasks_3.id = tasks_1.parent_id),
  'labels', (SELECT json_group_array(json_object(
  'id', CAST(labels_6.id AS TEXT),
  'name', CAST(coalesce(labels_6.name, '') AS TEXT),
  'color', CAST(labels_6.color AS TEXT))) AS json_group_array_1
FROM (SELECT labels_4.id AS id, labels_4.name AS name, labels_4.color AS color
FROM task_labels AS task_labels_5 JOIN labels AS labels_4 ON labels_4.id = task_labels_5.label_id
WHERE task_labels_5.task_id = tasks_1.id
ORDER BY labels_4.name ASC, labels_4.id ASC
LIMIT ? + 0 OFFSET ?) AS labels_6),
  'subtasks', (SELECT json_group_array(json_object(
  'id', CAST(tasks_8.id AS TEXT),
  'title', CAST(coalesce(tasks_8.title, '') AS TEXT),
  'completed', iif(tasks_8.is_completed, json('true'), json('false')),
  'labels', (SELECT json_group_array(json_object(
  'name', CAST(coalesce(labels_11.name, '') AS TEXT))) AS json_group_array_3
FROM (SELECT labels_9.name AS name
FROM task_labels AS task_labels_10 JOIN labels AS labels_9 ON labels_9.id = task_labels_10.label_id
WHERE task_labels_10.task_id = tasks_8.id
ORDER BY labels_9.name ASC, labels_9.id ASC
LIMIT ? + 0 OFFSET ?) AS labels_11),
  'subtaskCount', (SELECT count(*) AS count_1
FROM tasks AS tasks_12
WHERE tasks_12.parent_id = tasks_8.id))) AS json_group_array_2
FROM (SELECT tasks_7.id AS id, tasks_7.title AS title, tasks_7.is_completed AS is_completed
FROM tasks AS tasks_7
WHERE tasks_7.parent_id = tasks_1.id
ORDER BY tasks_7.position ASC, tasks_7.id ASC
LIMIT ? + 0 OFFSET ?) AS tasks_8)) AS json_object_1
FROM tasks AS tasks_1
WHERE tasks_1.id = ?;
-- with [9223372036854775807, 0, 9223372036854775807, 0, 9223372036854775807, 0, 101]
