import type { Mode } from '../../domain/ids.ts';
import type { Db } from '../client.ts';
import { doOnce, type KeptOnce, type NamedRequest } from './once.ts';

export interface NewCustomer {
  readonly id: string;
  readonly merchantId: string;
  readonly mode: Mode;
  readonly name?: string;
  readonly email?: string;
  readonly reference?: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface CustomerWriter {
  /** Get-or-create: its id follows from the request's key, so two at once make one. */
  create(request: NamedRequest, customer: NewCustomer): Promise<KeptOnce>;
}

export function createCustomerWriter(db: Db): CustomerWriter {
  return {
    create: (request, customer) =>
      doOnce(db, customer, request, async (tx) => {
        await tx.customer.createMany({ data: [customer], skipDuplicates: true });
        // What the customer is called stands in its row alone, so that it can be erased there.
        return { subjectId: customer.id, answer: { status: 201 } };
      }),
  };
}
