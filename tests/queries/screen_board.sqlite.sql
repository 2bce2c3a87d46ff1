BEGIN;

SELECT json_object(
  'name', CAST(coalesce(projects_1.name, '') AS TEXT),
  'color', CAST(projects_1.color AS TEXT),
  'urgent', (SELECT json_group_array(json_object(
  'id', CAST(tasks_3.id AS TEXT),
  'title', CAST(coalesce(tasks_3.title, '') AS TEXT),
  'position', CAST(coalesce(tasks_3.position, '') AS TEXT),
  'labels', (SELECT json_group_array(json_object(
  'name', CAST(coalesce(labels_6.name, '') AS TEXT),
  'color', CAST(labels_6.color AS TEXT))) AS json_group_array_2
FROM (SELECT labels_4.name AS name, labels_4.color AS color
FROM task_labels AS task_labels_5 JOIN labels AS labels_4 ON labels_4.id = task_labels_5.label_id
WHERE task_labels_5.task_id = tasks_3.id
ORDER BY labels_4.name ASC, labels_4.id ASC
LIMIT ? + 0 OFFSET ?) AS labels_6),
  'subtaskCount', (SELECT count(*) AS count_1
FROM tasks AS tasks_7
WHERE tasks_7.parent_id = tasks_3.id),
  'done', (SELECT count(*) AS count_2
FROM tasks AS tasks_8
WHERE tasks_8.parent_id = tasks_3.id AND tasks_8.is_completed = 1))) AS json_group_array_1
FROM (SELECT tasks_2.id AS id, tasks_2.title AS title, tasks_2.position AS position
FROM tasks AS tasks_2
WHERE tasks_2.project_id = projects_1.id AND tasks_2.is_completed = 0 AND tasks_2.priority = ?
ORDER BY tasks_2.position ASC, tasks_2.id ASC
LIMIT ? + 0 OFFSET ?) AS tasks_3),
  'high', (SELECT json_group_array(json_object(
  'id', CAST(tasks_10.id AS TEXT),
  'title', CAST(coalesce(tasks_10.title, '') AS TEXT),
  'position', CAST(coalesce(tasks_10.position, '') AS TEXT),
  'labels', (SELECT json_group_array(json_object(
  'name', CAST(coalesce(labels_13.name, '') AS TEXT),
  'color', CAST(labels_13.color AS TEXT))) AS json_group_array_4
FROM (SELECT labels_11.name AS name, labels_11.color AS color
FROM task_labels AS task_labels_12 JOIN labels AS labels_11 ON labels_11.id = task_labels_12.label_id
WHERE task_labels_12.task_id = tasks_10.id
ORDER BY labels_11.name ASC, labels_11.id ASC
LIMIT ? + 0 OFFSET ?) AS labels_13),
  'subtaskCount', (SELECT count(*) AS count_3
FROM tasks AS tasks_14
WHERE tasks_14.parent_id = tasks_10.id),
  'done', (SELECT count(*) AS count_4
FROM tasks AS tasks_15
WHERE tasks_15.parent_id = tasks_10.id AND tasks_15.is_completed = 1))) AS json_group_array_3
FROM (SELECT tasks_9.id AS id, tasks_9.title AS title, tasks_9.position AS position
FROM tasks AS tasks_9
WHERE tasks_9.project_id = projects_1.id AND tasks_9.is_completed = 0 AND tasks_9.priority = ?
ORDER BY tasks_9.position ASC, tasks_9.id ASC
LIMIT ? + 0 OFFSET ?) AS tasks_10),
  'rest', (SELECT json_group_array(json_object(
  'id', CAST(tasks_17.id AS TEXT),
  'title', CAST(coalesce(tasks_17.title, '') AS TEXT),
  'position', CAST(coalesce(tasks_17.position, '') AS TEXT),
  'labels', (SELECT json_group_array(json_object(
  'name', CAST(coalesce(labels_20.name, '') AS TEXT),
  'color', CAST(labels_20.color AS TEXT))) AS json_group_array_6
FROM (SELECT labels_18.name AS name, labels_18.color AS color
FROM task_labels AS task_labels_19 JOIN labels AS labels_18 ON labels_18.id = task_labels_19.label_id
WHERE task_labels_19.task_id = tasks_17.id
ORDER BY labels_18.name ASC, labels_18.id ASC
LIMIT ? + 0 OFFSET ?) AS labels_20),
  'subtaskCount', (SELECT count(*) AS count_5
FROM tasks AS tasks_21
WHERE tasks_21.parent_id = tasks_17.id),
  'done', (SELECT count(*) AS count_6
FROM tasks AS tasks_22
WHERE tasks_22.parent_id = tasks_17.id AND tasks_22.is_completed = 1))) AS json_group_array_5
FROM (SELECT tasks_16.id AS id, tasks_16.title AS title, tasks_16.position AS position
FROM tasks AS tasks_16
WHERE tasks_16.project_id = projects_1.id AND tasks_16.is_completed = 0 AND tasks_16.priority < ?
ORDER BY tasks_16.position ASC, tasks_16.id ASC
LIMIT ? + 0 OFFSET ?) AS tasks_17),
  'done', (SELECT count(*) AS count_7
FROM tasks AS tasks_23
WHERE tasks_23.project_id = projects_1.id AND tasks_23.is_completed = 1)) AS json_object_1
FROM projects AS projects_1
WHERE projects_1.id = ?;
-- with [9223372036854775807, 0, 4, 20, 0, 9223372036854775807, 0, 3, 20, 0, 9223372036854775807, 0, 3, 20, 0, 1]
