/** A Fastify server that does nothing: it gives the object of argument 3 to a GET and to a POST with a JSON body. */
import fastify from 'fastify';

const [port, answer] = process.argv.slice(2);
const value = JSON.parse(answer ?? '{}') as object;
const app = fastify();
app.get('/', () => value);
app.post('/', () => value);
await app.listen({ port: Number(port), host: '127.0.0.1' });
