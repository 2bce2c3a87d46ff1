// Monaco's API module names its two diff editors; GraphiQL opens neither. The build puts these in their place.

export class DiffEditorWidget {}
export class MultiDiffEditorWidget {}
