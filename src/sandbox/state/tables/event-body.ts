/** The body of a webhook, as the vendor's examples show it. */
export interface EventBody {
  data: Record<string, unknown>;
  subscription_id: string;
  event_type: string;
  schema_version: string;
  sent_at: string;
}
