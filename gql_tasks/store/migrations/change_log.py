"""What migration 0004 logs, on either store. As much a migration as the migration itself."""

PRIORITIES = ("NONE", "LOW", "MEDIUM", "HIGH", "URGENT")

CONTENT = {
    "tasks": (
        "title",
        "description",
        "completed",
        "priority",
        "due_on",
        "due_at",
        "start_on",
        "project_id",
        "parent_id",
        "position",
    ),
    "projects": ("name", "color", "archived_at", "position"),
    "labels": ("name", "color"),
}
"""What a person or a program writes; a change of any of them grows the version."""

STAMPS = {
    "tasks": ("version", "created_at", "updated_at", "completed_at"),
    "projects": ("version", "created_at", "updated_at"),
    "labels": ("version", "created_at", "updated_at"),
}
"""What triggers write, and other programs may."""

ENTITIES = {"tasks": "TASK", "projects": "PROJECT", "labels": "LABEL"}
