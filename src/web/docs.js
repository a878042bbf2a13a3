// The description of the API, shown by swagger-ui: a script of its own that leaves one name in the window.
import { getJson } from './api.js';

/** @type {(options: Record<string, unknown>) => void} */
const show = Reflect.get(window, 'SwaggerUIBundle');

/** @type {any} */
const description = await getJson('openapi.json');
// The address under which this page was found is one that can be asked.
description.servers = [{ url: new URL('.', location.href).href.replace(/\/$/, '') }];
for (const path of Object.values(description.paths)) {
  for (const operation of Object.values(path)) {
    const content = operation.requestBody?.content;
    // What is first is shown first: a form of sixty fields is no good beginning.
    if (content?.['application/json'] === undefined) continue;
    const { 'application/json': json, ...others } = content;
    operation.requestBody.content = { 'application/json': json, ...others };
  }
}
/**
 * The parts of the viewer that this page has: a way to give a key, the routes, the schemas.
 *
 * @param {any} system
 */
function routes({ React, getComponent }) {
  const part = (/** @type {string} */ name) => React.createElement(getComponent(name, true));
  const Routes = () =>
    React.createElement(
      'div',
      { className: 'swagger-ui' },
      React.createElement('div', { className: 'actions' }, part('AuthorizeBtnContainer')),
      part('operations'),
      part('Models'),
    );
  return { components: { Routes } };
}

show({
  spec: description,
  domNode: document.getElementById('viewer'),
  // A link inside of the button that opens a route could be reached by nobody's keyboard.
  deepLinking: false,
  layout: 'Routes',
  plugins: [routes],
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  // Nothing is asked of other servers.
  validatorUrl: null,
  persistAuthorization: false,
});
