// /docs: the REST interface by Swagger UI, the events by what follows. Everything comes from this
// server; nothing else is asked.

/* global SwaggerUIBundle */

SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#rest',
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  // Its badge asks a server of its makers.
  validatorUrl: null,
});

function element(name, text, ...children) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

/** Text with `code` and [links](to) in it: all that the descriptions use of Markdown. */
function prose(text) {
  const parts = text.split(/(`[^`]+`|\[[^\]]+\]\([^)]+\))/);
  return element(
    'p',
    '',
    ...parts.map((part) => {
      if (part.startsWith('`')) return element('code', part.slice(1, -1));
      const link = /^\[(.+)\]\((.+)\)$/.exec(part);
      if (!link) return part;
      const made = element('a', link[1]);
      made.href = link[2];
      return made;
    }),
  );
}

/** `Message`, `[User]`, `string`: what a schema is, in a word. */
function typeOf(schema) {
  if (schema.$ref) return schema.$ref.split('/').at(-1);
  if (schema.allOf) return typeOf(schema.allOf[0]);
  if (schema.oneOf) return schema.oneOf.map(typeOf).join(' or ');
  if (schema.items) return `[${typeOf(schema.items)}]`;
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.join(', ');
  return [schema.type].flat().join(' or ');
}

function resolve(document_, schema) {
  return schema.$ref ? document_.components.schemas[typeOf(schema)] : schema;
}

function fieldsOf(document_, schema) {
  const { properties = {}, required = [] } = resolve(document_, schema);
  const rows = Object.entries(properties).map(([name, part]) => {
    const about = part.description ?? resolve(document_, part).description ?? '';
    const isOptional = !required.includes(name);
    return element(
      'tr',
      '',
      element('td', '', element('code', name + (isOptional ? '?' : ''))),
      element('td', typeOf(part)),
      element('td', '', prose(about)),
    );
  });
  return element('table', '', element('tbody', '', ...rows));
}

function eventOf(document_, message, ack) {
  const { name, summary, description, payload, examples } = message;
  const body = element('div', '');
  if (description) body.append(prose(description));
  body.append(fieldsOf(document_, payload));
  body.append(element('pre', JSON.stringify(examples[0].payload, null, 2)));
  if (ack) {
    body.append(element('h4', 'Ack'), fieldsOf(document_, ack.payload.oneOf[0]));
    body.append(element('pre', JSON.stringify(ack.examples[0].payload, null, 2)));
    const refused = ack.payload.oneOf[1].properties.error.allOf[1].properties.code.enum;
    body.append(element('p', `Or refused: ${refused.join(', ')}.`));
  }
  const shown = element('summary', '', element('code', name), element('span', summary));
  return element('details', '', shown, body);
}

const asyncapi = await (await fetch('/asyncapi.json')).json();
const { messages } = asyncapi.components;
document
  .querySelector('#about-events')
  .append(...asyncapi.info.description.split('\n\n').map(prose));
for (const [key, message] of Object.entries(messages)) {
  if (key.endsWith('_from_client')) {
    const shown = eventOf(asyncapi, message, messages[`${message.name}_ack`]);
    document.querySelector('#from-client').append(shown);
  } else if (key.endsWith('_from_server')) {
    document.querySelector('#from-server').append(eventOf(asyncapi, message));
  }
}
