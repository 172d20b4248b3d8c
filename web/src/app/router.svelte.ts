export type Route =
  | { page: 'list' }
  | { page: 'chat'; chatId: string }
  | { page: 'details'; chatId: string }
  | { page: 'settings' }
  | { page: 'invite'; code: string };

/** The paths here are those for which the server answers the page (src/webapp). */
export function routeOf(path: string): Route {
  const [first, second, third] = path.split('/').filter(Boolean).map(decoded);
  if (first === 'chats' && second) {
    return third === 'details'
      ? { page: 'details', chatId: second }
      : { page: 'chat', chatId: second };
  }
  if (first === 'settings') return { page: 'settings' };
  if (first === 'invites' && second) return { page: 'invite', code: second };
  return { page: 'list' };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

export function pathOf(route: Route): string {
  switch (route.page) {
    case 'list':
      return '/';
    case 'chat':
      return `/chats/${encodeURIComponent(route.chatId)}`;
    case 'details':
      return `/chats/${encodeURIComponent(route.chatId)}/details`;
    case 'settings':
      return '/settings';
    case 'invite':
      return `/invites/${encodeURIComponent(route.code)}`;
  }
}

class Router {
  route = $state.raw<Route>({ page: 'list' });

  start(): void {
    this.route = routeOf(location.pathname);
    addEventListener('popstate', () => {
      this.route = routeOf(location.pathname);
    });
  }

  go(route: Route, { replace = false } = {}): void {
    const path = pathOf(route);
    if (path !== location.pathname) {
      if (replace) history.replaceState(null, '', path);
      else history.pushState(null, '', path);
    }
    this.route = route;
  }

  get chatId(): string | null {
    return 'chatId' in this.route ? this.route.chatId : null;
  }
}

export const router = new Router();

/** Turns a click on a link of ours into a change of the route; others are the browser's. */
export function follow(event: MouseEvent, route: Route): void {
  const isPlain =
    event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!isPlain) return;
  event.preventDefault();
  router.go(route);
}
