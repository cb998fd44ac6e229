import { validateAddress } from './addresses.ts';
import type { Answer } from './answers.ts';
import type { Content } from './body.ts';
import { getCard, listCards, updateCard } from './cards.ts';
import type { Call } from './input.ts';
import {
  createOrder,
  getOrder,
  getRequirements,
  listCardOrders,
  listPrograms,
  updateOrder,
} from './orders.ts';
import { getProduction, produceCard, simulateProduction, simulateVerification } from './production.ts';
import { findRoute, type PathParameters, type Route, segmentsOf } from './router.ts';
import {
  createSubscription,
  getSubscription,
  listSubscriptions,
  removeSubscription,
  sendTestNotification,
} from './subscriptions.ts';
import { authorize, createToken } from './tokens.ts';

export interface VendorRoute extends Route {
  /**
   * Version segment of the path. Clients may send a date version like `2026Q1` instead. null for a path without a
   * version.
   */
  version: string | null;
  authentication: 'bearer' | 'basic' | 'none';
  content: Content;
  handle: (call: Call) => Answer;
}

const CALENDAR_VERSION = /^20\d\dQ[1-4]$/;
const LEGACY_VERSION = /^v\d$/;

const PROFILE = '/v3/spend/profiles/{profileId}';
const SIMULATION = '/v1/simulation';
/** Path of Wise's authorization page. The page is not part of the API, and a GET of it changes the state. */
export const AUTHORIZATION_PAGE = '/oauth/authorize/';
const SUBSCRIPTIONS = '/v3/applications/{clientKey}/subscriptions';

/** The endpoints of the Wise API. The first match wins. */
const ROUTES: readonly VendorRoute[] = [
  reading(`${PROFILE}/card-orders/availability`, listPrograms),
  writing('POST /v3/spend/address/validate', validateAddress),
  writing(`POST ${PROFILE}/card-orders`, createOrder),
  reading(`${PROFILE}/card-orders`, listCardOrders),
  reading(`${PROFILE}/card-orders/{cardOrderId}`, getOrder),
  reading(`${PROFILE}/card-orders/{cardOrderId}/requirements`, getRequirements),
  writing(`PUT ${PROFILE}/card-orders/{cardOrderId}/status`, updateOrder),
  reading(`${PROFILE}/cards`, listCards),
  reading(`${PROFILE}/cards/{cardToken}`, getCard),
  writing(`PUT ${PROFILE}/cards/{cardToken}/status`, updateCard),
  writing(`PUT ${PROFILE}/cards/{cardToken}/production`, produceCard),
  reading(`${PROFILE}/cards/{cardToken}/production`, getProduction),
  writing(`POST ${SIMULATION}/spend/profiles/{profileId}/cards/{cardToken}/production`, simulateProduction),
  writing(`POST ${SIMULATION}/profiles/{profileId}/verifications`, simulateVerification, 'none'),
  writing(`POST ${SUBSCRIPTIONS}`, createSubscription),
  reading(SUBSCRIPTIONS, listSubscriptions),
  reading(`${SUBSCRIPTIONS}/{subscriptionId}`, getSubscription),
  writing(`DELETE ${SUBSCRIPTIONS}/{subscriptionId}`, removeSubscription, 'none'),
  writing(`POST ${SUBSCRIPTIONS}/{subscriptionId}/test-notifications`, sendTestNotification, 'none'),
  { ...writing('POST /oauth/token', createToken, 'form'), authentication: 'basic' },
  { ...reading(AUTHORIZATION_PAGE, authorize), authentication: 'none' },
];

/** All endpoints with their method and versioned path: `GET /v3/spend/…`. */
export const VENDOR_ENDPOINTS: readonly string[] = ROUTES.map(
  ({ method, version, template }) => `${method} /${[...(version ? [version] : []), ...template].join('/')}`,
);

/** Returns the endpoint for a path in any version. @throws Refusal 404, 405, or 400 for invalid percent-encoding */
export function findVendorRoute(
  method: string,
  path: string,
): { route: VendorRoute; parameters: PathParameters } {
  const { version, segments } = splitVersion(withoutTrailingSlash(path));
  const isCalendar = version !== null && CALENDAR_VERSION.test(version);
  const routes = ROUTES.filter((route) => (isCalendar ? route.version !== null : route.version === version));
  return findRoute(routes, { method, segments });
}

/** Removes a trailing slash from the subscriptions path only. Wise's Postman collection sends it there. */
function withoutTrailingSlash(path: string): string {
  return /\/subscriptions\//.test(path) ? path.replace(/\/$/, '') : path;
}

/** Removes the version segment of a path. Paths in faults have none. */
export function versionlessPath(path: string): string {
  return `/${splitVersion(path).segments.join('/')}`;
}

/** True for the endpoint to which `produce` faults apply. @param path without its version segment */
export function isProductionPath(path: string): boolean {
  return /^\/spend\/profiles\/[^/]+\/cards\/[^/]+\/production$/.test(path);
}

/** True for the endpoint that creates and lists subscriptions. @param path without its version segment */
export function isSubscriptionsPath(path: string): boolean {
  return /^\/applications\/[^/]+\/subscriptions\/?$/.test(path);
}

function splitVersion(path: string): { version: string | null; segments: string[] } {
  const segments = segmentsOf(path);
  const [first = ''] = segments;
  return LEGACY_VERSION.test(first) || CALENDAR_VERSION.test(first)
    ? { version: first, segments: segments.slice(1) }
    : { version: null, segments };
}

function reading(path: string, handle: (call: Call) => Answer): VendorRoute {
  return writing(`GET ${path}`, handle, 'none');
}

function writing(target: string, handle: (call: Call) => Answer, content: Content = 'json'): VendorRoute {
  const [method = '', path = ''] = target.split(' ');
  const { version, segments } = splitVersion(path);
  return { method, template: segments, version, authentication: 'bearer', content, handle };
}
