/** The file in which its maker says what a model is, and an installation what it knows of all of its own. */
export const manifestName = 'armature.json';
