CREATE TABLE gql_tasks_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT gql_tasks_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE tasks (
    id INTEGER NOT NULL,
    title VARCHAR,
    description VARCHAR,
    completed BOOLEAN, completed_at VARCHAR, version INTEGER DEFAULT 1 NOT NULL, created_at VARCHAR DEFAULT '1970-01-01T00:00:00.000Z' NOT NULL, updated_at VARCHAR DEFAULT '1970-01-01T00:00:00.000Z' NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX ix_tasks_id ON tasks (id);

CREATE INDEX ix_tasks_title ON tasks (title);

CREATE TRIGGER tasks_stamp_insert AFTER INSERT ON tasks
WHEN NEW.created_at = '1970-01-01T00:00:00.000Z'
BEGIN
    UPDATE tasks
    SET created_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
        completed_at = CASE WHEN NEW.completed THEN strftime('%Y-%m-%dT%H:%M:%fZ', 'now') END
    WHERE id = NEW.id;
END;

CREATE TRIGGER tasks_stamp_update AFTER UPDATE OF title, description, completed ON tasks
WHEN OLD.title IS NOT NEW.title
    OR OLD.description IS NOT NEW.description
    OR OLD.completed IS NOT NEW.completed
BEGIN
    UPDATE tasks
    SET version = OLD.version + 1, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
        completed_at = CASE
            WHEN NOT coalesce(NEW.completed, 0) THEN NULL
            WHEN coalesce(OLD.completed, 0) THEN OLD.completed_at
            ELSE strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
        END
    WHERE id = NEW.id;
END;

