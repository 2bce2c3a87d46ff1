CREATE TABLE change_log (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    epoch VARCHAR NOT NULL,
    pruned_through INTEGER DEFAULT 0 NOT NULL,
    mutation INTEGER,
    last_mutation INTEGER DEFAULT 0 NOT NULL
);

CREATE TABLE changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    at VARCHAR DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) NOT NULL,
    entity VARCHAR NOT NULL,
    row_id INTEGER NOT NULL,
    before VARCHAR,
    after VARCHAR,
    nulls VARCHAR DEFAULT '' NOT NULL,
    mutation_id INTEGER
);

CREATE INDEX ix_changes_row_id ON changes (row_id, entity, id);

CREATE TABLE gql_tasks_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT gql_tasks_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE labels (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name VARCHAR NOT NULL,
    color VARCHAR,

    version INTEGER DEFAULT 1 NOT NULL,
    created_at VARCHAR DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) NOT NULL,
    updated_at VARCHAR DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) NOT NULL

);

CREATE TRIGGER labels_leave AFTER DELETE ON labels
BEGIN
    DELETE FROM task_labels WHERE label_id = OLD.id;
END;

CREATE TRIGGER labels_stamp_insert AFTER INSERT ON labels
BEGIN


INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
SELECT 'LABEL', id, (
    SELECT after FROM changes WHERE entity = 'LABEL' AND row_id = NEW.id
    ORDER BY id DESC LIMIT 1
), json_object('id', cast(labels.id AS TEXT), 'name', cast(labels.name AS TEXT), 'color', cast(labels.color AS TEXT), 'version', cast(labels.version AS INTEGER), 'createdAt', cast(labels.created_at AS TEXT), 'updatedAt', cast(labels.updated_at AS TEXT)), '',
    (SELECT mutation FROM change_log)
FROM labels WHERE id = NEW.id;

END;

CREATE TRIGGER labels_stamp_update AFTER UPDATE ON labels
WHEN OLD.id = NEW.id AND (OLD.name IS NOT NEW.name OR OLD.color IS NOT NEW.color)
BEGIN

INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
SELECT 'LABEL', id, json_object('id', cast(OLD.id AS TEXT), 'name', cast(OLD.name AS TEXT), 'color', cast(OLD.color AS TEXT), 'version', cast(OLD.version AS INTEGER), 'createdAt', cast(OLD.created_at AS TEXT), 'updatedAt', cast(OLD.updated_at AS TEXT)), json_object('id', cast(labels.id AS TEXT), 'name', cast(labels.name AS TEXT), 'color', cast(labels.color AS TEXT), 'version', cast(OLD.version AS INTEGER) + 1, 'createdAt', cast(labels.created_at AS TEXT), 'updatedAt', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), '',
    (SELECT mutation FROM change_log)
FROM labels WHERE id = NEW.id;

    UPDATE labels SET version = cast(OLD.version AS INTEGER) + 1, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
END;

CREATE TRIGGER labels_restamp AFTER UPDATE OF version, created_at, updated_at ON labels
WHEN OLD.id = NEW.id AND NOT (OLD.name IS NOT NEW.name OR OLD.color IS NOT NEW.color) AND (OLD.version IS NOT NEW.version OR OLD.created_at IS NOT NEW.created_at OR OLD.updated_at IS NOT NEW.updated_at) AND true
    AND NOT (NEW.version IS OLD.version + 1 AND NEW.updated_at IS strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
BEGIN

INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
SELECT 'LABEL', id, json_object('id', cast(OLD.id AS TEXT), 'name', cast(OLD.name AS TEXT), 'color', cast(OLD.color AS TEXT), 'version', cast(OLD.version AS INTEGER), 'createdAt', cast(OLD.created_at AS TEXT), 'updatedAt', cast(OLD.updated_at AS TEXT)), json_object('id', cast(labels.id AS TEXT), 'name', cast(labels.name AS TEXT), 'color', cast(labels.color AS TEXT), 'version', cast(labels.version AS INTEGER), 'createdAt', cast(labels.created_at AS TEXT), 'updatedAt', cast(labels.updated_at AS TEXT)), '',
    (SELECT mutation FROM change_log)
FROM labels WHERE id = NEW.id AND (
    SELECT after FROM changes WHERE entity = 'LABEL' AND row_id = NEW.id
    ORDER BY id DESC LIMIT 1
) IS NOT json_object('id', cast(labels.id AS TEXT), 'name', cast(labels.name AS TEXT), 'color', cast(labels.color AS TEXT), 'version', cast(labels.version AS INTEGER), 'createdAt', cast(labels.created_at AS TEXT), 'updatedAt', cast(labels.updated_at AS TEXT));

END;

CREATE TRIGGER labels_renumber AFTER UPDATE OF id ON labels WHEN OLD.id <> NEW.id
BEGIN

INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
SELECT 'LABEL', OLD.id, json_object('id', cast(OLD.id AS TEXT), 'name', cast(OLD.name AS TEXT), 'color', cast(OLD.color AS TEXT), 'version', cast(OLD.version AS INTEGER), 'createdAt', cast(OLD.created_at AS TEXT), 'updatedAt', cast(OLD.updated_at AS TEXT)), NULL, '',
    (SELECT mutation FROM change_log)
;


INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
SELECT 'LABEL', id, (
    SELECT after FROM changes WHERE entity = 'LABEL' AND row_id = NEW.id
    ORDER BY id DESC LIMIT 1
), json_object('id', cast(labels.id AS TEXT), 'name', cast(labels.name AS TEXT), 'color', cast(labels.color AS TEXT), 'version', cast(labels.version AS INTEGER), 'createdAt', cast(labels.created_at AS TEXT), 'updatedAt', cast(labels.updated_at AS TEXT)), '',
    (SELECT mutation FROM change_log)
FROM labels WHERE id = NEW.id;

END;

CREATE TRIGGER labels_log_delete BEFORE DELETE ON labels BEGIN
   INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
   SELECT 'LABEL', OLD.id, json_object('id', cast(OLD.id AS TEXT), 'name', cast(OLD.name AS TEXT), 'color', cast(OLD.color AS TEXT), 'version', cast(OLD.version AS INTEGER), 'createdAt', cast(OLD.created_at AS TEXT), 'updatedAt', cast(OLD.updated_at AS TEXT)), NULL, '',
       (SELECT mutation FROM change_log)
   ;
END;

CREATE TABLE mutations (
    id INTEGER PRIMARY KEY NOT NULL,
    at VARCHAR DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) NOT NULL,
    client_mutation_id VARCHAR NOT NULL,
    request VARCHAR NOT NULL,
    answer VARCHAR
);

CREATE UNIQUE INDEX ix_mutations_client_mutation_id ON mutations (client_mutation_id);

CREATE TABLE projects (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name VARCHAR NOT NULL,
    color VARCHAR,
    position VARCHAR DEFAULT '' NOT NULL,
    archived_at VARCHAR,

    version INTEGER DEFAULT 1 NOT NULL,
    created_at VARCHAR DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) NOT NULL,
    updated_at VARCHAR DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) NOT NULL

);

CREATE TRIGGER projects_leave AFTER DELETE ON projects
BEGIN
    UPDATE tasks SET project_id = NULL WHERE project_id = OLD.id;
END;

CREATE TRIGGER projects_stamp_insert AFTER INSERT ON projects
BEGIN

    UPDATE projects SET position = CASE WHEN NEW.id < 0 THEN 'a0' ELSE char(96 + length(NEW.id)) || NEW.id END
    WHERE id = NEW.id AND position = '';


INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
SELECT 'PROJECT', id, (
    SELECT after FROM changes WHERE entity = 'PROJECT' AND row_id = NEW.id
    ORDER BY id DESC LIMIT 1
), json_object('id', cast(projects.id AS TEXT), 'name', cast(projects.name AS TEXT), 'color', cast(projects.color AS TEXT), 'position', cast(projects.position AS TEXT), 'archivedAt', cast(projects.archived_at AS TEXT), 'version', cast(projects.version AS INTEGER), 'createdAt', cast(projects.created_at AS TEXT), 'updatedAt', cast(projects.updated_at AS TEXT)), '',
    (SELECT mutation FROM change_log)
FROM projects WHERE id = NEW.id;

END;

CREATE TRIGGER projects_stamp_update AFTER UPDATE ON projects
WHEN OLD.id = NEW.id AND ((OLD.name IS NOT NEW.name OR OLD.color IS NOT NEW.color OR OLD.archived_at IS NOT NEW.archived_at) OR (OLD.position IS NOT NEW.position AND OLD.position <> ''))
BEGIN

INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
SELECT 'PROJECT', id, json_object('id', cast(OLD.id AS TEXT), 'name', cast(OLD.name AS TEXT), 'color', cast(OLD.color AS TEXT), 'position', cast(OLD.position AS TEXT), 'archivedAt', cast(OLD.archived_at AS TEXT), 'version', cast(OLD.version AS INTEGER), 'createdAt', cast(OLD.created_at AS TEXT), 'updatedAt', cast(OLD.updated_at AS TEXT)), json_object('id', cast(projects.id AS TEXT), 'name', cast(projects.name AS TEXT), 'color', cast(projects.color AS TEXT), 'position', cast(iif(NEW.position = '', CASE WHEN NEW.id < 0 THEN 'a0' ELSE char(96 + length(NEW.id)) || NEW.id END, NEW.position) AS TEXT), 'archivedAt', cast(projects.archived_at AS TEXT), 'version', cast(OLD.version AS INTEGER) + 1, 'createdAt', cast(projects.created_at AS TEXT), 'updatedAt', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), '',
    (SELECT mutation FROM change_log)
FROM projects WHERE id = NEW.id;

    UPDATE projects SET version = cast(OLD.version AS INTEGER) + 1, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id AND NEW.position <> '';
    UPDATE projects SET version = cast(OLD.version AS INTEGER) + 1, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), position = CASE WHEN NEW.id < 0 THEN 'a0' ELSE char(96 + length(NEW.id)) || NEW.id END
    WHERE id = NEW.id AND NEW.position = '';
END;

CREATE TRIGGER projects_restamp AFTER UPDATE OF version, created_at, updated_at ON projects
WHEN OLD.id = NEW.id AND NOT (OLD.name IS NOT NEW.name OR OLD.color IS NOT NEW.color OR OLD.archived_at IS NOT NEW.archived_at OR OLD.position IS NOT NEW.position) AND (OLD.version IS NOT NEW.version OR OLD.created_at IS NOT NEW.created_at OR OLD.updated_at IS NOT NEW.updated_at) AND OLD.position <> ''
    AND NOT (NEW.version IS OLD.version + 1 AND NEW.updated_at IS strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
BEGIN

INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
SELECT 'PROJECT', id, json_object('id', cast(OLD.id AS TEXT), 'name', cast(OLD.name AS TEXT), 'color', cast(OLD.color AS TEXT), 'position', cast(OLD.position AS TEXT), 'archivedAt', cast(OLD.archived_at AS TEXT), 'version', cast(OLD.version AS INTEGER), 'createdAt', cast(OLD.created_at AS TEXT), 'updatedAt', cast(OLD.updated_at AS TEXT)), json_object('id', cast(projects.id AS TEXT), 'name', cast(projects.name AS TEXT), 'color', cast(projects.color AS TEXT), 'position', cast(projects.position AS TEXT), 'archivedAt', cast(projects.archived_at AS TEXT), 'version', cast(projects.version AS INTEGER), 'createdAt', cast(projects.created_at AS TEXT), 'updatedAt', cast(projects.updated_at AS TEXT)), '',
    (SELECT mutation FROM change_log)
FROM projects WHERE id = NEW.id AND (
    SELECT after FROM changes WHERE entity = 'PROJECT' AND row_id = NEW.id
    ORDER BY id DESC LIMIT 1
) IS NOT json_object('id', cast(projects.id AS TEXT), 'name', cast(projects.name AS TEXT), 'color', cast(projects.color AS TEXT), 'position', cast(projects.position AS TEXT), 'archivedAt', cast(projects.archived_at AS TEXT), 'version', cast(projects.version AS INTEGER), 'createdAt', cast(projects.created_at AS TEXT), 'updatedAt', cast(projects.updated_at AS TEXT));

END;

CREATE TRIGGER projects_renumber AFTER UPDATE OF id ON projects WHEN OLD.id <> NEW.id
BEGIN

INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
SELECT 'PROJECT', OLD.id, json_object('id', cast(OLD.id AS TEXT), 'name', cast(OLD.name AS TEXT), 'color', cast(OLD.color AS TEXT), 'position', cast(OLD.position AS TEXT), 'archivedAt', cast(OLD.archived_at AS TEXT), 'version', cast(OLD.version AS INTEGER), 'createdAt', cast(OLD.created_at AS TEXT), 'updatedAt', cast(OLD.updated_at AS TEXT)), NULL, '',
    (SELECT mutation FROM change_log)
;


INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
SELECT 'PROJECT', id, (
    SELECT after FROM changes WHERE entity = 'PROJECT' AND row_id = NEW.id
    ORDER BY id DESC LIMIT 1
), json_object('id', cast(projects.id AS TEXT), 'name', cast(projects.name AS TEXT), 'color', cast(projects.color AS TEXT), 'position', cast(projects.position AS TEXT), 'archivedAt', cast(projects.archived_at AS TEXT), 'version', cast(projects.version AS INTEGER), 'createdAt', cast(projects.created_at AS TEXT), 'updatedAt', cast(projects.updated_at AS TEXT)), '',
    (SELECT mutation FROM change_log)
FROM projects WHERE id = NEW.id;

END;

CREATE TRIGGER projects_log_delete BEFORE DELETE ON projects BEGIN
   INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
   SELECT 'PROJECT', OLD.id, json_object('id', cast(OLD.id AS TEXT), 'name', cast(OLD.name AS TEXT), 'color', cast(OLD.color AS TEXT), 'position', cast(OLD.position AS TEXT), 'archivedAt', cast(OLD.archived_at AS TEXT), 'version', cast(OLD.version AS INTEGER), 'createdAt', cast(OLD.created_at AS TEXT), 'updatedAt', cast(OLD.updated_at AS TEXT)), NULL, '',
       (SELECT mutation FROM change_log)
   ;
END;

CREATE TABLE sqlite_sequence(name,seq);

CREATE TABLE task_labels (
    task_id INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    label_id INTEGER NOT NULL REFERENCES labels (id) ON DELETE CASCADE,
    PRIMARY KEY (task_id, label_id)
) WITHOUT ROWID;

CREATE INDEX ix_task_labels_label_id ON task_labels (label_id, task_id);

CREATE TRIGGER task_labels_stamp_insert AFTER INSERT ON task_labels
BEGIN
    INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
    SELECT 'TASK', tasks.id, json_object('id', cast(tasks.id AS TEXT), 'title', cast(coalesce(tasks.title, '') AS TEXT), 'description', cast(coalesce(tasks.description, '') AS TEXT), 'completed', json(iif(tasks.completed, 'true', 'false')), 'completedAt', cast(tasks.completed_at AS TEXT), 'priority', CASE tasks.priority WHEN 0 THEN 'NONE' WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' WHEN 4 THEN 'URGENT' END, 'dueOn', cast(tasks.due_on AS TEXT), 'dueAt', cast(tasks.due_at AS TEXT), 'startOn', cast(tasks.start_on AS TEXT), 'position', cast(tasks.position AS TEXT), 'projectId', cast(tasks.project_id AS TEXT), 'parentId', cast(tasks.parent_id AS TEXT), 'labelIds', json(coalesce((
        SELECT after -> '$.labelIds' FROM changes WHERE entity = 'TASK' AND row_id = NEW.task_id
        ORDER BY id DESC LIMIT 1
    ), (
        SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
            SELECT label_id FROM task_labels WHERE task_id = NEW.task_id AND label_id <> NEW.label_id
            ORDER BY label_id
        )
    ))), 'version', cast(tasks.version AS INTEGER), 'createdAt', cast(tasks.created_at AS TEXT), 'updatedAt', cast(tasks.updated_at AS TEXT)), json_object('id', cast(tasks.id AS TEXT), 'title', cast(coalesce(tasks.title, '') AS TEXT), 'description', cast(coalesce(tasks.description, '') AS TEXT), 'completed', json(iif(tasks.completed, 'true', 'false')), 'completedAt', cast(tasks.completed_at AS TEXT), 'priority', CASE tasks.priority WHEN 0 THEN 'NONE' WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' WHEN 4 THEN 'URGENT' END, 'dueOn', cast(tasks.due_on AS TEXT), 'dueAt', cast(tasks.due_at AS TEXT), 'startOn', cast(tasks.start_on AS TEXT), 'position', cast(tasks.position AS TEXT), 'projectId', cast(tasks.project_id AS TEXT), 'parentId', cast(tasks.parent_id AS TEXT), 'labelIds', (
        SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
            SELECT label_id FROM task_labels WHERE task_id = NEW.task_id
            ORDER BY label_id
        )
    ), 'version', cast(tasks.version AS INTEGER) + 1, 'createdAt', cast(tasks.created_at AS TEXT), 'updatedAt', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), trim(iif(tasks.title IS NULL, 'title ', '') || iif(tasks.description IS NULL, 'description ', '') || iif(tasks.completed IS NULL, 'completed ', '')),
        (SELECT mutation FROM change_log)
    FROM tasks WHERE id = NEW.task_id AND coalesce((
        SELECT after -> '$.labelIds' FROM changes WHERE entity = 'TASK' AND row_id = NEW.task_id
        ORDER BY id DESC LIMIT 1
    ), (
        SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
            SELECT label_id FROM task_labels WHERE task_id = NEW.task_id AND label_id <> NEW.label_id
            ORDER BY label_id
        )
    )) <> (
        SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
            SELECT label_id FROM task_labels WHERE task_id = NEW.task_id
            ORDER BY label_id
        )
    );

    UPDATE tasks SET version = version + 1, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE id = NEW.task_id AND version < (
        SELECT after ->> '$.version' FROM changes WHERE entity = 'TASK' AND row_id = NEW.task_id
        ORDER BY id DESC LIMIT 1
    );
 END;

CREATE TRIGGER task_labels_stamp_delete AFTER DELETE ON task_labels
BEGIN
    INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
    SELECT 'TASK', tasks.id, json_object('id', cast(tasks.id AS TEXT), 'title', cast(coalesce(tasks.title, '') AS TEXT), 'description', cast(coalesce(tasks.description, '') AS TEXT), 'completed', json(iif(tasks.completed, 'true', 'false')), 'completedAt', cast(tasks.completed_at AS TEXT), 'priority', CASE tasks.priority WHEN 0 THEN 'NONE' WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' WHEN 4 THEN 'URGENT' END, 'dueOn', cast(tasks.due_on AS TEXT), 'dueAt', cast(tasks.due_at AS TEXT), 'startOn', cast(tasks.start_on AS TEXT), 'position', cast(tasks.position AS TEXT), 'projectId', cast(tasks.project_id AS TEXT), 'parentId', cast(tasks.parent_id AS TEXT), 'labelIds', json(coalesce((
        SELECT after -> '$.labelIds' FROM changes WHERE entity = 'TASK' AND row_id = OLD.task_id
        ORDER BY id DESC LIMIT 1
    ), (
        SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
            SELECT label_id FROM task_labels WHERE task_id = OLD.task_id UNION SELECT OLD.label_id
            ORDER BY label_id
        )
    ))), 'version', cast(tasks.version AS INTEGER), 'createdAt', cast(tasks.created_at AS TEXT), 'updatedAt', cast(tasks.updated_at AS TEXT)), json_object('id', cast(tasks.id AS TEXT), 'title', cast(coalesce(tasks.title, '') AS TEXT), 'description', cast(coalesce(tasks.description, '') AS TEXT), 'completed', json(iif(tasks.completed, 'true', 'false')), 'completedAt', cast(tasks.completed_at AS TEXT), 'priority', CASE tasks.priority WHEN 0 THEN 'NONE' WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' WHEN 4 THEN 'URGENT' END, 'dueOn', cast(tasks.due_on AS TEXT), 'dueAt', cast(tasks.due_at AS TEXT), 'startOn', cast(tasks.start_on AS TEXT), 'position', cast(tasks.position AS TEXT), 'projectId', cast(tasks.project_id AS TEXT), 'parentId', cast(tasks.parent_id AS TEXT), 'labelIds', (
        SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
            SELECT label_id FROM task_labels WHERE task_id = OLD.task_id
            ORDER BY label_id
        )
    ), 'version', cast(tasks.version AS INTEGER) + 1, 'createdAt', cast(tasks.created_at AS TEXT), 'updatedAt', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), trim(iif(tasks.title IS NULL, 'title ', '') || iif(tasks.description IS NULL, 'description ', '') || iif(tasks.completed IS NULL, 'completed ', '')),
        (SELECT mutation FROM change_log)
    FROM tasks WHERE id = OLD.task_id AND coalesce((
        SELECT after -> '$.labelIds' FROM changes WHERE entity = 'TASK' AND row_id = OLD.task_id
        ORDER BY id DESC LIMIT 1
    ), (
        SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
            SELECT label_id FROM task_labels WHERE task_id = OLD.task_id UNION SELECT OLD.label_id
            ORDER BY label_id
        )
    )) <> (
        SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
            SELECT label_id FROM task_labels WHERE task_id = OLD.task_id
            ORDER BY label_id
        )
    );

    UPDATE tasks SET version = version + 1, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE id = OLD.task_id AND version < (
        SELECT after ->> '$.version' FROM changes WHERE entity = 'TASK' AND row_id = OLD.task_id
        ORDER BY id DESC LIMIT 1
    );
 END;

CREATE TRIGGER task_labels_exchange AFTER UPDATE ON task_labels
WHEN OLD.task_id = NEW.task_id AND OLD.label_id <> NEW.label_id
BEGIN
    INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
    SELECT 'TASK', tasks.id, json_object('id', cast(tasks.id AS TEXT), 'title', cast(coalesce(tasks.title, '') AS TEXT), 'description', cast(coalesce(tasks.description, '') AS TEXT), 'completed', json(iif(tasks.completed, 'true', 'false')), 'completedAt', cast(tasks.completed_at AS TEXT), 'priority', CASE tasks.priority WHEN 0 THEN 'NONE' WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' WHEN 4 THEN 'URGENT' END, 'dueOn', cast(tasks.due_on AS TEXT), 'dueAt', cast(tasks.due_at AS TEXT), 'startOn', cast(tasks.start_on AS TEXT), 'position', cast(tasks.position AS TEXT), 'projectId', cast(tasks.project_id AS TEXT), 'parentId', cast(tasks.parent_id AS TEXT), 'labelIds', json(coalesce((
        SELECT after -> '$.labelIds' FROM changes WHERE entity = 'TASK' AND row_id = NEW.task_id
        ORDER BY id DESC LIMIT 1
    ), (
        SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
            SELECT label_id FROM task_labels WHERE task_id = NEW.task_id AND label_id <> NEW.label_id UNION SELECT OLD.label_id
            ORDER BY label_id
        )
    ))), 'version', cast(tasks.version AS INTEGER), 'createdAt', cast(tasks.created_at AS TEXT), 'updatedAt', cast(tasks.updated_at AS TEXT)), json_object('id', cast(tasks.id AS TEXT), 'title', cast(coalesce(tasks.title, '') AS TEXT), 'description', cast(coalesce(tasks.description, '') AS TEXT), 'completed', json(iif(tasks.completed, 'true', 'false')), 'completedAt', cast(tasks.completed_at AS TEXT), 'priority', CASE tasks.priority WHEN 0 THEN 'NONE' WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' WHEN 4 THEN 'URGENT' END, 'dueOn', cast(tasks.due_on AS TEXT), 'dueAt', cast(tasks.due_at AS TEXT), 'startOn', cast(tasks.start_on AS TEXT), 'position', cast(tasks.position AS TEXT), 'projectId', cast(tasks.project_id AS TEXT), 'parentId', cast(tasks.parent_id AS TEXT), 'labelIds', (
        SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
            SELECT label_id FROM task_labels WHERE task_id = NEW.task_id
            ORDER BY label_id
        )
    ), 'version', cast(tasks.version AS INTEGER) + 1, 'createdAt', cast(tasks.created_at AS TEXT), 'updatedAt', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), trim(iif(tasks.title IS NULL, 'title ', '') || iif(tasks.description IS NULL, 'description ', '') || iif(tasks.completed IS NULL, 'completed ', '')),
        (SELECT mutation FROM change_log)
    FROM tasks WHERE id = NEW.task_id AND coalesce((
        SELECT after -> '$.labelIds' FROM changes WHERE entity = 'TASK' AND row_id = NEW.task_id
        ORDER BY id DESC LIMIT 1
    ), (
        SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
            SELECT label_id FROM task_labels WHERE task_id = NEW.task_id AND label_id <> NEW.label_id UNION SELECT OLD.label_id
            ORDER BY label_id
        )
    )) <> (
        SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
            SELECT label_id FROM task_labels WHERE task_id = NEW.task_id
            ORDER BY label_id
        )
    );

    UPDATE tasks SET version = version + 1, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE id = NEW.task_id AND version < (
        SELECT after ->> '$.version' FROM changes WHERE entity = 'TASK' AND row_id = NEW.task_id
        ORDER BY id DESC LIMIT 1
    );
 END;

CREATE TRIGGER task_labels_move AFTER UPDATE ON task_labels WHEN OLD.task_id <> NEW.task_id
BEGIN
    INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
    SELECT 'TASK', tasks.id, json_object('id', cast(tasks.id AS TEXT), 'title', cast(coalesce(tasks.title, '') AS TEXT), 'description', cast(coalesce(tasks.description, '') AS TEXT), 'completed', json(iif(tasks.completed, 'true', 'false')), 'completedAt', cast(tasks.completed_at AS TEXT), 'priority', CASE tasks.priority WHEN 0 THEN 'NONE' WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' WHEN 4 THEN 'URGENT' END, 'dueOn', cast(tasks.due_on AS TEXT), 'dueAt', cast(tasks.due_at AS TEXT), 'startOn', cast(tasks.start_on AS TEXT), 'position', cast(tasks.position AS TEXT), 'projectId', cast(tasks.project_id AS TEXT), 'parentId', cast(tasks.parent_id AS TEXT), 'labelIds', json(coalesce((
        SELECT after -> '$.labelIds' FROM changes WHERE entity = 'TASK' AND row_id = OLD.task_id
        ORDER BY id DESC LIMIT 1
    ), (
        SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
            SELECT label_id FROM task_labels WHERE task_id = OLD.task_id UNION SELECT OLD.label_id
            ORDER BY label_id
        )
    ))), 'version', cast(tasks.version AS INTEGER), 'createdAt', cast(tasks.created_at AS TEXT), 'updatedAt', cast(tasks.updated_at AS TEXT)), json_object('id', cast(tasks.id AS TEXT), 'title', cast(coalesce(tasks.title, '') AS TEXT), 'description', cast(coalesce(tasks.description, '') AS TEXT), 'completed', json(iif(tasks.completed, 'true', 'false')), 'completedAt', cast(tasks.completed_at AS TEXT), 'priority', CASE tasks.priority WHEN 0 THEN 'NONE' WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' WHEN 4 THEN 'URGENT' END, 'dueOn', cast(tasks.due_on AS TEXT), 'dueAt', cast(tasks.due_at AS TEXT), 'startOn', cast(tasks.start_on AS TEXT), 'position', cast(tasks.position AS TEXT), 'projectId', cast(tasks.project_id AS TEXT), 'parentId', cast(tasks.parent_id AS TEXT), 'labelIds', (
        SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
            SELECT label_id FROM task_labels WHERE task_id = OLD.task_id
            ORDER BY label_id
        )
    ), 'version', cast(tasks.version AS INTEGER) + 1, 'createdAt', cast(tasks.created_at AS TEXT), 'updatedAt', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), trim(iif(tasks.title IS NULL, 'title ', '') || iif(tasks.description IS NULL, 'description ', '') || iif(tasks.completed IS NULL, 'completed ', '')),
        (SELECT mutation FROM change_log)
    FROM tasks WHERE id = OLD.task_id AND coalesce((
        SELECT after -> '$.labelIds' FROM changes WHERE entity = 'TASK' AND row_id = OLD.task_id
        ORDER BY id DESC LIMIT 1
    ), (
        SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
            SELECT label_id FROM task_labels WHERE task_id = OLD.task_id UNION SELECT OLD.label_id
            ORDER BY label_id
        )
    )) <> (
        SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
            SELECT label_id FROM task_labels WHERE task_id = OLD.task_id
            ORDER BY label_id
        )
    );

    UPDATE tasks SET version = version + 1, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE id = OLD.task_id AND version < (
        SELECT after ->> '$.version' FROM changes WHERE entity = 'TASK' AND row_id = OLD.task_id
        ORDER BY id DESC LIMIT 1
    );

    INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
    SELECT 'TASK', tasks.id, json_object('id', cast(tasks.id AS TEXT), 'title', cast(coalesce(tasks.title, '') AS TEXT), 'description', cast(coalesce(tasks.description, '') AS TEXT), 'completed', json(iif(tasks.completed, 'true', 'false')), 'completedAt', cast(tasks.completed_at AS TEXT), 'priority', CASE tasks.priority WHEN 0 THEN 'NONE' WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' WHEN 4 THEN 'URGENT' END, 'dueOn', cast(tasks.due_on AS TEXT), 'dueAt', cast(tasks.due_at AS TEXT), 'startOn', cast(tasks.start_on AS TEXT), 'position', cast(tasks.position AS TEXT), 'projectId', cast(tasks.project_id AS TEXT), 'parentId', cast(tasks.parent_id AS TEXT), 'labelIds', json(coalesce((
        SELECT after -> '$.labelIds' FROM changes WHERE entity = 'TASK' AND row_id = NEW.task_id
        ORDER BY id DESC LIMIT 1
    ), (
        SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
            SELECT label_id FROM task_labels WHERE task_id = NEW.task_id AND label_id <> NEW.label_id
            ORDER BY label_id
        )
    ))), 'version', cast(tasks.version AS INTEGER), 'createdAt', cast(tasks.created_at AS TEXT), 'updatedAt', cast(tasks.updated_at AS TEXT)), json_object('id', cast(tasks.id AS TEXT), 'title', cast(coalesce(tasks.title, '') AS TEXT), 'description', cast(coalesce(tasks.description, '') AS TEXT), 'completed', json(iif(tasks.completed, 'true', 'false')), 'completedAt', cast(tasks.completed_at AS TEXT), 'priority', CASE tasks.priority WHEN 0 THEN 'NONE' WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' WHEN 4 THEN 'URGENT' END, 'dueOn', cast(tasks.due_on AS TEXT), 'dueAt', cast(tasks.due_at AS TEXT), 'startOn', cast(tasks.start_on AS TEXT), 'position', cast(tasks.position AS TEXT), 'projectId', cast(tasks.project_id AS TEXT), 'parentId', cast(tasks.parent_id AS TEXT), 'labelIds', (
        SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
            SELECT label_id FROM task_labels WHERE task_id = NEW.task_id
            ORDER BY label_id
        )
    ), 'version', cast(tasks.version AS INTEGER) + 1, 'createdAt', cast(tasks.created_at AS TEXT), 'updatedAt', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), trim(iif(tasks.title IS NULL, 'title ', '') || iif(tasks.description IS NULL, 'description ', '') || iif(tasks.completed IS NULL, 'completed ', '')),
        (SELECT mutation FROM change_log)
    FROM tasks WHERE id = NEW.task_id AND coalesce((
        SELECT after -> '$.labelIds' FROM changes WHERE entity = 'TASK' AND row_id = NEW.task_id
        ORDER BY id DESC LIMIT 1
    ), (
        SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
            SELECT label_id FROM task_labels WHERE task_id = NEW.task_id AND label_id <> NEW.label_id
            ORDER BY label_id
        )
    )) <> (
        SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
            SELECT label_id FROM task_labels WHERE task_id = NEW.task_id
            ORDER BY label_id
        )
    );

    UPDATE tasks SET version = version + 1, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE id = NEW.task_id AND version < (
        SELECT after ->> '$.version' FROM changes WHERE entity = 'TASK' AND row_id = NEW.task_id
        ORDER BY id DESC LIMIT 1
    );
 END;

CREATE TABLE tasks (
    id INTEGER NOT NULL,
    title VARCHAR,
    description VARCHAR,
    completed BOOLEAN, completed_at VARCHAR, version INTEGER DEFAULT 1 NOT NULL, created_at VARCHAR DEFAULT '1970-01-01T00:00:00.000Z' NOT NULL, updated_at VARCHAR DEFAULT '1970-01-01T00:00:00.000Z' NOT NULL, priority INTEGER DEFAULT 0 NOT NULL CHECK (priority BETWEEN 0 AND 4), due_on VARCHAR, due_at VARCHAR CHECK (due_on IS NULL OR due_at IS NULL), start_on VARCHAR, position VARCHAR DEFAULT '' NOT NULL, project_id INTEGER REFERENCES projects (id) ON DELETE SET NULL, parent_id INTEGER REFERENCES tasks (id), is_completed BOOLEAN GENERATED ALWAYS AS (iif(completed, 1, 0)) VIRTUAL, due VARCHAR GENERATED ALWAYS AS (coalesce(due_at, due_on || 'T00:00:00.000Z')) VIRTUAL,
    PRIMARY KEY (id)
);

CREATE INDEX ix_tasks_id ON tasks (id);

CREATE INDEX ix_tasks_title ON tasks (title);

CREATE INDEX ix_tasks_project_id ON tasks (project_id, position, id, is_completed);

CREATE INDEX ix_tasks_created_at ON tasks (created_at, id);

CREATE TRIGGER tasks_leave AFTER DELETE ON tasks
BEGIN
    UPDATE tasks SET parent_id = nullif(OLD.parent_id, OLD.id) WHERE parent_id = OLD.id;
    DELETE FROM task_labels WHERE task_id = OLD.id;
END;

CREATE INDEX ix_tasks_position ON tasks (position, id);

CREATE INDEX ix_tasks_due ON tasks (due, id);

CREATE INDEX ix_tasks_parent_id ON tasks (parent_id, position, id) WHERE parent_id IS NOT NULL;

CREATE INDEX ix_tasks_open_project_id ON tasks (project_id, due, id) WHERE is_completed = 0;

CREATE INDEX ix_tasks_open_due ON tasks (due, id) WHERE is_completed = 0;

CREATE INDEX ix_tasks_open_position ON tasks (position, id) WHERE is_completed = 0;

CREATE INDEX ix_tasks_open_id ON tasks (id) WHERE is_completed = 0;

CREATE TRIGGER tasks_search_insert AFTER INSERT ON tasks WHEN NOT (SELECT mutation FROM change_log) IS NOT NULL
BEGIN
    DELETE FROM tasks_search WHERE rowid = NEW.id;
    INSERT INTO tasks_search (rowid, title, description)
    VALUES (NEW.id, substr(replace(NEW.title, 'İ', 'i'), 1, 100000), substr(replace(NEW.description, 'İ', 'i'), 1, 100000));
END;

CREATE TRIGGER tasks_search_update AFTER UPDATE OF id, title, description ON tasks
WHEN NOT (SELECT mutation FROM change_log) IS NOT NULL AND (OLD.id <> NEW.id OR OLD.title IS NOT NEW.title OR OLD.description IS NOT NEW.description)
BEGIN
    DELETE FROM tasks_search WHERE rowid IN (OLD.id, NEW.id);
    INSERT INTO tasks_search (rowid, title, description)
    VALUES (NEW.id, substr(replace(NEW.title, 'İ', 'i'), 1, 100000), substr(replace(NEW.description, 'İ', 'i'), 1, 100000));
END;

CREATE TRIGGER tasks_search_delete AFTER DELETE ON tasks WHEN NOT (SELECT mutation FROM change_log) IS NOT NULL
BEGIN
    DELETE FROM tasks_search WHERE rowid = OLD.id;
END;

CREATE TRIGGER tasks_stamp_insert AFTER INSERT ON tasks
BEGIN

    UPDATE tasks
    SET created_at = iif(NEW.created_at = '1970-01-01T00:00:00.000Z', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NEW.created_at),
        updated_at = iif(NEW.updated_at = '1970-01-01T00:00:00.000Z', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NEW.updated_at),
        completed_at = CASE WHEN NEW.completed THEN coalesce(NEW.completed_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) END,
        position = iif(NEW.position = '', CASE WHEN NEW.id < 0 THEN 'a0' ELSE char(96 + length(NEW.id)) || NEW.id END, NEW.position)
    WHERE id = NEW.id AND (NEW.created_at = '1970-01-01T00:00:00.000Z' OR NEW.position = '');


INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
SELECT 'TASK', id, (
    SELECT after FROM changes WHERE entity = 'TASK' AND row_id = NEW.id
    ORDER BY id DESC LIMIT 1
), json_object('id', cast(tasks.id AS TEXT), 'title', cast(coalesce(tasks.title, '') AS TEXT), 'description', cast(coalesce(tasks.description, '') AS TEXT), 'completed', json(iif(tasks.completed, 'true', 'false')), 'completedAt', cast(tasks.completed_at AS TEXT), 'priority', CASE tasks.priority WHEN 0 THEN 'NONE' WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' WHEN 4 THEN 'URGENT' END, 'dueOn', cast(tasks.due_on AS TEXT), 'dueAt', cast(tasks.due_at AS TEXT), 'startOn', cast(tasks.start_on AS TEXT), 'position', cast(tasks.position AS TEXT), 'projectId', cast(tasks.project_id AS TEXT), 'parentId', cast(tasks.parent_id AS TEXT), 'labelIds', (
    SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
        SELECT label_id FROM task_labels WHERE task_id = tasks.id
        ORDER BY label_id
    )
), 'version', cast(tasks.version AS INTEGER), 'createdAt', cast(tasks.created_at AS TEXT), 'updatedAt', cast(tasks.updated_at AS TEXT)), '',
    (SELECT mutation FROM change_log)
FROM tasks WHERE id = NEW.id;

END;

CREATE TRIGGER tasks_stamp_update AFTER UPDATE ON tasks
WHEN OLD.id = NEW.id AND ((OLD.title IS NOT NEW.title OR OLD.description IS NOT NEW.description OR OLD.completed IS NOT NEW.completed OR OLD.priority IS NOT NEW.priority OR OLD.due_on IS NOT NEW.due_on OR OLD.due_at IS NOT NEW.due_at OR OLD.start_on IS NOT NEW.start_on OR OLD.project_id IS NOT NEW.project_id OR OLD.parent_id IS NOT NEW.parent_id) OR (OLD.position IS NOT NEW.position AND OLD.position <> ''))
BEGIN

INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
SELECT 'TASK', id, json_object('id', cast(OLD.id AS TEXT), 'title', cast(coalesce(OLD.title, '') AS TEXT), 'description', cast(coalesce(OLD.description, '') AS TEXT), 'completed', json(iif(OLD.completed, 'true', 'false')), 'completedAt', cast(OLD.completed_at AS TEXT), 'priority', CASE OLD.priority WHEN 0 THEN 'NONE' WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' WHEN 4 THEN 'URGENT' END, 'dueOn', cast(OLD.due_on AS TEXT), 'dueAt', cast(OLD.due_at AS TEXT), 'startOn', cast(OLD.start_on AS TEXT), 'position', cast(OLD.position AS TEXT), 'projectId', cast(OLD.project_id AS TEXT), 'parentId', cast(OLD.parent_id AS TEXT), 'labelIds', json(held.ids), 'version', cast(OLD.version AS INTEGER), 'createdAt', cast(OLD.created_at AS TEXT), 'updatedAt', cast(OLD.updated_at AS TEXT)), json_object('id', cast(tasks.id AS TEXT), 'title', cast(coalesce(tasks.title, '') AS TEXT), 'description', cast(coalesce(tasks.description, '') AS TEXT), 'completed', json(iif(tasks.completed, 'true', 'false')), 'completedAt', cast(CASE
        WHEN NOT coalesce(NEW.completed, 0) THEN NULL
        WHEN coalesce(OLD.completed, 0) THEN OLD.completed_at
        ELSE strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    END AS TEXT), 'priority', CASE tasks.priority WHEN 0 THEN 'NONE' WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' WHEN 4 THEN 'URGENT' END, 'dueOn', cast(tasks.due_on AS TEXT), 'dueAt', cast(tasks.due_at AS TEXT), 'startOn', cast(tasks.start_on AS TEXT), 'position', cast(iif(NEW.position = '', CASE WHEN NEW.id < 0 THEN 'a0' ELSE char(96 + length(NEW.id)) || NEW.id END, NEW.position) AS TEXT), 'projectId', cast(tasks.project_id AS TEXT), 'parentId', cast(tasks.parent_id AS TEXT), 'labelIds', json(held.ids), 'version', cast(OLD.version AS INTEGER) + 1, 'createdAt', cast(tasks.created_at AS TEXT), 'updatedAt', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), trim(iif(OLD.title IS NULL, 'title ', '') || iif(OLD.description IS NULL, 'description ', '') || iif(OLD.completed IS NULL, 'completed ', '')),
    (SELECT mutation FROM change_log)
FROM (
    SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
        SELECT label_id FROM task_labels WHERE task_id = NEW.id
        ORDER BY label_id
    )
) AS held CROSS JOIN tasks WHERE id = NEW.id;

    UPDATE tasks SET version = cast(OLD.version AS INTEGER) + 1, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), completed_at = cast(CASE
        WHEN NOT coalesce(NEW.completed, 0) THEN NULL
        WHEN coalesce(OLD.completed, 0) THEN OLD.completed_at
        ELSE strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    END AS TEXT) WHERE id = NEW.id AND NEW.position <> '';
    UPDATE tasks SET version = cast(OLD.version AS INTEGER) + 1, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), completed_at = cast(CASE
        WHEN NOT coalesce(NEW.completed, 0) THEN NULL
        WHEN coalesce(OLD.completed, 0) THEN OLD.completed_at
        ELSE strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    END AS TEXT), position = CASE WHEN NEW.id < 0 THEN 'a0' ELSE char(96 + length(NEW.id)) || NEW.id END
    WHERE id = NEW.id AND NEW.position = '';
END;

CREATE TRIGGER tasks_restamp AFTER UPDATE OF version, created_at, updated_at, completed_at ON tasks
WHEN OLD.id = NEW.id AND NOT (OLD.title IS NOT NEW.title OR OLD.description IS NOT NEW.description OR OLD.completed IS NOT NEW.completed OR OLD.priority IS NOT NEW.priority OR OLD.due_on IS NOT NEW.due_on OR OLD.due_at IS NOT NEW.due_at OR OLD.start_on IS NOT NEW.start_on OR OLD.project_id IS NOT NEW.project_id OR OLD.parent_id IS NOT NEW.parent_id OR OLD.position IS NOT NEW.position) AND (OLD.version IS NOT NEW.version OR OLD.created_at IS NOT NEW.created_at OR OLD.updated_at IS NOT NEW.updated_at OR OLD.completed_at IS NOT NEW.completed_at) AND OLD.position <> '' AND OLD.created_at <> '1970-01-01T00:00:00.000Z'
    AND NOT (NEW.version IS OLD.version + 1 AND NEW.updated_at IS strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
BEGIN

INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
SELECT 'TASK', id, json_object('id', cast(OLD.id AS TEXT), 'title', cast(coalesce(OLD.title, '') AS TEXT), 'description', cast(coalesce(OLD.description, '') AS TEXT), 'completed', json(iif(OLD.completed, 'true', 'false')), 'completedAt', cast(OLD.completed_at AS TEXT), 'priority', CASE OLD.priority WHEN 0 THEN 'NONE' WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' WHEN 4 THEN 'URGENT' END, 'dueOn', cast(OLD.due_on AS TEXT), 'dueAt', cast(OLD.due_at AS TEXT), 'startOn', cast(OLD.start_on AS TEXT), 'position', cast(OLD.position AS TEXT), 'projectId', cast(OLD.project_id AS TEXT), 'parentId', cast(OLD.parent_id AS TEXT), 'labelIds', (
    SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
        SELECT label_id FROM task_labels WHERE task_id = OLD.id
        ORDER BY label_id
    )
), 'version', cast(OLD.version AS INTEGER), 'createdAt', cast(OLD.created_at AS TEXT), 'updatedAt', cast(OLD.updated_at AS TEXT)), json_object('id', cast(tasks.id AS TEXT), 'title', cast(coalesce(tasks.title, '') AS TEXT), 'description', cast(coalesce(tasks.description, '') AS TEXT), 'completed', json(iif(tasks.completed, 'true', 'false')), 'completedAt', cast(tasks.completed_at AS TEXT), 'priority', CASE tasks.priority WHEN 0 THEN 'NONE' WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' WHEN 4 THEN 'URGENT' END, 'dueOn', cast(tasks.due_on AS TEXT), 'dueAt', cast(tasks.due_at AS TEXT), 'startOn', cast(tasks.start_on AS TEXT), 'position', cast(tasks.position AS TEXT), 'projectId', cast(tasks.project_id AS TEXT), 'parentId', cast(tasks.parent_id AS TEXT), 'labelIds', (
    SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
        SELECT label_id FROM task_labels WHERE task_id = tasks.id
        ORDER BY label_id
    )
), 'version', cast(tasks.version AS INTEGER), 'createdAt', cast(tasks.created_at AS TEXT), 'updatedAt', cast(tasks.updated_at AS TEXT)), trim(iif(OLD.title IS NULL, 'title ', '') || iif(OLD.description IS NULL, 'description ', '') || iif(OLD.completed IS NULL, 'completed ', '')),
    (SELECT mutation FROM change_log)
FROM tasks WHERE id = NEW.id AND (
    SELECT after FROM changes WHERE entity = 'TASK' AND row_id = NEW.id
    ORDER BY id DESC LIMIT 1
) IS NOT json_object('id', cast(tasks.id AS TEXT), 'title', cast(coalesce(tasks.title, '') AS TEXT), 'description', cast(coalesce(tasks.description, '') AS TEXT), 'completed', json(iif(tasks.completed, 'true', 'false')), 'completedAt', cast(tasks.completed_at AS TEXT), 'priority', CASE tasks.priority WHEN 0 THEN 'NONE' WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' WHEN 4 THEN 'URGENT' END, 'dueOn', cast(tasks.due_on AS TEXT), 'dueAt', cast(tasks.due_at AS TEXT), 'startOn', cast(tasks.start_on AS TEXT), 'position', cast(tasks.position AS TEXT), 'projectId', cast(tasks.project_id AS TEXT), 'parentId', cast(tasks.parent_id AS TEXT), 'labelIds', (
    SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
        SELECT label_id FROM task_labels WHERE task_id = tasks.id
        ORDER BY label_id
    )
), 'version', cast(tasks.version AS INTEGER), 'createdAt', cast(tasks.created_at AS TEXT), 'updatedAt', cast(tasks.updated_at AS TEXT));

END;

CREATE TRIGGER tasks_renumber AFTER UPDATE OF id ON tasks WHEN OLD.id <> NEW.id
BEGIN

INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
SELECT 'TASK', OLD.id, json_object('id', cast(OLD.id AS TEXT), 'title', cast(coalesce(OLD.title, '') AS TEXT), 'description', cast(coalesce(OLD.description, '') AS TEXT), 'completed', json(iif(OLD.completed, 'true', 'false')), 'completedAt', cast(OLD.completed_at AS TEXT), 'priority', CASE OLD.priority WHEN 0 THEN 'NONE' WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' WHEN 4 THEN 'URGENT' END, 'dueOn', cast(OLD.due_on AS TEXT), 'dueAt', cast(OLD.due_at AS TEXT), 'startOn', cast(OLD.start_on AS TEXT), 'position', cast(OLD.position AS TEXT), 'projectId', cast(OLD.project_id AS TEXT), 'parentId', cast(OLD.parent_id AS TEXT), 'labelIds', (
    SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
        SELECT label_id FROM task_labels WHERE task_id = OLD.id
        ORDER BY label_id
    )
), 'version', cast(OLD.version AS INTEGER), 'createdAt', cast(OLD.created_at AS TEXT), 'updatedAt', cast(OLD.updated_at AS TEXT)), NULL, trim(iif(OLD.title IS NULL, 'title ', '') || iif(OLD.description IS NULL, 'description ', '') || iif(OLD.completed IS NULL, 'completed ', '')),
    (SELECT mutation FROM change_log)
;


INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
SELECT 'TASK', id, (
    SELECT after FROM changes WHERE entity = 'TASK' AND row_id = NEW.id
    ORDER BY id DESC LIMIT 1
), json_object('id', cast(tasks.id AS TEXT), 'title', cast(coalesce(tasks.title, '') AS TEXT), 'description', cast(coalesce(tasks.description, '') AS TEXT), 'completed', json(iif(tasks.completed, 'true', 'false')), 'completedAt', cast(tasks.completed_at AS TEXT), 'priority', CASE tasks.priority WHEN 0 THEN 'NONE' WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' WHEN 4 THEN 'URGENT' END, 'dueOn', cast(tasks.due_on AS TEXT), 'dueAt', cast(tasks.due_at AS TEXT), 'startOn', cast(tasks.start_on AS TEXT), 'position', cast(tasks.position AS TEXT), 'projectId', cast(tasks.project_id AS TEXT), 'parentId', cast(tasks.parent_id AS TEXT), 'labelIds', (
    SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
        SELECT label_id FROM task_labels WHERE task_id = tasks.id
        ORDER BY label_id
    )
), 'version', cast(tasks.version AS INTEGER), 'createdAt', cast(tasks.created_at AS TEXT), 'updatedAt', cast(tasks.updated_at AS TEXT)), '',
    (SELECT mutation FROM change_log)
FROM tasks WHERE id = NEW.id;

END;

CREATE TRIGGER tasks_log_delete BEFORE DELETE ON tasks BEGIN
   INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
   SELECT 'TASK', OLD.id, json_object('id', cast(OLD.id AS TEXT), 'title', cast(coalesce(OLD.title, '') AS TEXT), 'description', cast(coalesce(OLD.description, '') AS TEXT), 'completed', json(iif(OLD.completed, 'true', 'false')), 'completedAt', cast(OLD.completed_at AS TEXT), 'priority', CASE OLD.priority WHEN 0 THEN 'NONE' WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' WHEN 4 THEN 'URGENT' END, 'dueOn', cast(OLD.due_on AS TEXT), 'dueAt', cast(OLD.due_at AS TEXT), 'startOn', cast(OLD.start_on AS TEXT), 'position', cast(OLD.position AS TEXT), 'projectId', cast(OLD.project_id AS TEXT), 'parentId', cast(OLD.parent_id AS TEXT), 'labelIds', (
       SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
           SELECT label_id FROM task_labels WHERE task_id = OLD.id
           ORDER BY label_id
       )
   ), 'version', cast(OLD.version AS INTEGER), 'createdAt', cast(OLD.created_at AS TEXT), 'updatedAt', cast(OLD.updated_at AS TEXT)), NULL, trim(iif(OLD.title IS NULL, 'title ', '') || iif(OLD.description IS NULL, 'description ', '') || iif(OLD.completed IS NULL, 'completed ', '')),
       (SELECT mutation FROM change_log)
   ;
END;

CREATE TRIGGER tasks_search_note_insert AFTER INSERT ON tasks WHEN (SELECT mutation FROM change_log) IS NOT NULL
BEGIN
    INSERT INTO tasks_search_pending VALUES (NEW.id) ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER tasks_search_note_update AFTER UPDATE OF id, title, description ON tasks
WHEN (SELECT mutation FROM change_log) IS NOT NULL AND (OLD.id <> NEW.id OR OLD.title IS NOT NEW.title OR OLD.description IS NOT NEW.description)
BEGIN
    INSERT INTO tasks_search_pending VALUES (OLD.id), (NEW.id) ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER tasks_search_note_delete AFTER DELETE ON tasks WHEN (SELECT mutation FROM change_log) IS NOT NULL
BEGIN
    INSERT INTO tasks_search_pending VALUES (OLD.id) ON CONFLICT DO NOTHING;
END;

CREATE VIRTUAL TABLE tasks_search USING fts5 (
    title, description, prefix = '2 3',
    tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N*' separators '₺₻₼₽₾₿⃀⃒⃓⃘⃙⃚⃐⃑⃔⃕⃖⃗⃛⃜⃝⃞⃟⃠⃡⃢⃣⃤⃥⃦⃪⃫⃨⃬⃭⃮⃯⃧⃩⃰︀︁︂︃︄︅︆︇︈︉︊︋︌︍︎️🌡🌢🌣🌤🌥🌦🌧🌨🌩🌪🌫🌬🌭🌮🌯🍽🍾🍿🎔🎕🎖🎗🎘🎙🎚🎛🎜🎝🎞🎟🏋🏌🏍🏎🏏🏐🏑🏒🏓🏔🏕🏖🏗🏘🏙🏚🏛🏜🏝🏞🏟🏱🏲🏳🏴🏵🏶🏷🏸🏹🏺🏻🏼🏽🏾🏿🕨🕩🕪🕫🕬🕭🕮🕯🕰🕱🕲🕳🕴🕵🕶🕷🕸🕹🕺🕻🕼🕽🕾🕿🖀🖁🖂🖃🖄🖅🖆🖇🖈🖉🖊🖋🖌🖍🖎🖏🖐🖑🖒🖓🖔🖕🖖🖗🖘🖙🖚🖛🖜🖝🖞🖟🖠🖡🖢🖣🖤🖥🖦🖧🖨🖩🖪🖫🖬🖭🖮🖯🖰🖱🖲🖳🖴🖵🖶🖷🖸🖹🖺🖻🖼🖽🖾🖿🗀🗁🗂🗃🗄🗅🗆🗇🗈🗉🗊🗋🗌🗍🗎🗏🗐🗑🗒🗓🗔🗕🗖🗗🗘🗙🗚🗛🗜🗝🗞🗟🗠🗡🗢🗣🗤🗥🗦🗧🗨🗩🗪🗫🗬🗭🗮🗯🗰🗱🗲🗳🗴🗵🗶🗷🗸🗹🗺🙁🙂🙃🙄🛆🛇🛈🛉🛊🛋🛌🛍🛎🛏🛐🛑🛒🛓🛔🛕🛖🛗🛘🛙🛚🛛🛜🛝🛞🛟🛠🛡🛢🛣🛤🛥🛦🛧🛨🛩🛪🛫🛬🛭🛮🛯🛰🛱🛲🛳🛴🛵🛶🛷🛸🛹🛺🛻🛼🛽🛾🛿🟠🟡🟢🟣🟤🟥🟦🟧🟨🟩🟪🟫🟬🟭🟮🟯🟰🟱🟲🟳🟴🟵🟶🟷🟸🟹🟺🟻🟼🟽🟾🟿🤀🤁🤂🤃🤄🤅🤆🤇🤈🤉🤊🤋🤌🤍🤎🤏🤐🤑🤒🤓🤔🤕🤖🤗🤘🤙🤚🤛🤜🤝🤞🤟🤠🤡🤢🤣🤤🤥🤦🤧🤨🤩🤪🤫🤬🤭🤮🤯🤰🤱🤲🤳🤴🤵🤶🤷🤸🤹🤺🤻🤼🤽🤾🤿🥀🥁🥂🥃🥄🥅🥆🥇🥈🥉🥊🥋🥌🥍🥎🥏🥐🥑🥒🥓🥔🥕🥖🥗🥘🥙🥚🥛🥜🥝🥞🥟🥠🥡🥢🥣🥤🥥🥦🥧🥨🥩🥪🥫🥬🥭🥮🥯🥰🥱🥲🥳🥴🥵🥶🥷🥸🥹🥺🥻🥼🥽🥾🥿🦀🦁🦂🦃🦄🦅🦆🦇🦈🦉🦊🦋🦌🦍🦎🦏🦐🦑🦒🦓🦔🦕🦖🦗🦘🦙🦚🦛🦜🦝🦞🦟🦠🦡🦢🦣🦤🦥🦦🦧🦨🦩🦪🦫🦬🦭🦮🦯🦰🦱🦲🦳🦴🦵🦶🦷🦸🦹🦺🦻🦼🦽🦾🦿🧀🧁🧂🧃🧄🧅🧆🧇🧈🧉🧊🧋🧌🧍🧎🧏🧐🧑🧒🧓🧔🧕🧖🧗🧘🧙🧚🧛🧜🧝🧞🧟🧠🧡🧢🧣🧤🧥🧦🧧🧨🧩🧪🧫🧬🧭🧮🧯🧰🧱🧲🧳🧴🧵🧶🧷🧸🧹🧺🧻🧼🧽🧾🧿🨀🨁🨂🨃🨄🨅🨆🨇🨈🨉🨊🨋🨌🨍🨎🨏🨐🨑🨒🨓🨔🨕🨖🨗🨘🨙🨚🨛🨜🨝🨞🨟🨠🨡🨢🨣🨤🨥🨦🨧🨨🨩🨪🨫🨬🨭🨮🨯🨰🨱🨲🨳🨴🨵🨶🨷🨸🨹🨺🨻🨼🨽🨾🨿🩀🩁🩂🩃🩄🩅🩆🩇🩈🩉🩊🩋🩌🩍🩎🩏🩐🩑🩒🩓🩔🩕🩖🩗🩘🩙🩚🩛🩜🩝🩞🩟🩠🩡🩢🩣🩤🩥🩦🩧🩨🩩🩪🩫🩬🩭🩮🩯🩰🩱🩲🩳🩴🩵🩶🩷🩸🩹🩺🩻🩼🩽🩾🩿🪀🪁🪂🪃🪄🪅🪆🪇🪈🪉🪊🪋🪌🪍🪎🪏🪐🪑🪒🪓🪔🪕🪖🪗🪘🪙🪚🪛🪜🪝🪞🪟🪠🪡🪢🪣🪤🪥🪦🪧🪨🪩🪪🪫🪬🪭🪮🪯🪰🪱🪲🪳🪴🪵🪶🪷🪸🪹🪺🪻🪼🪽🪾🪿🫀🫁🫂🫃🫄🫅🫆🫇🫈🫉🫊🫋🫌🫍🫎🫏🫐🫑🫒🫓🫔🫕🫖🫗🫘🫙🫚🫛🫜🫝🫞🫟🫠🫡🫢🫣🫤🫥🫦🫧🫨🫩🫪🫫🫬🫭🫮🫯🫰🫱🫲🫳🫴🫵🫶🫷🫸🫹🫺🫻🫼🫽🫾🫿'"
);

CREATE TABLE 'tasks_search_config'(k PRIMARY KEY, v) WITHOUT ROWID;

CREATE TABLE 'tasks_search_content'(id INTEGER PRIMARY KEY, c0, c1);

CREATE TABLE 'tasks_search_data'(id INTEGER PRIMARY KEY, block BLOB);

CREATE TABLE 'tasks_search_docsize'(id INTEGER PRIMARY KEY, sz BLOB);

CREATE TABLE 'tasks_search_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;

CREATE TABLE tasks_search_pending (id INTEGER PRIMARY KEY NOT NULL);

