import { useState } from 'react';
import { ActionDialog, Checkbox, type Confirmed, Field, TextArea } from '../../kit/index.ts';
import { changedOf } from './changed.ts';
import type { Merchant } from './merchants.tsx';
import { parsedObject, shownJson } from './parts.tsx';

export interface MerchantForm {
  readonly name: string;
  readonly country: string | null;
  readonly category: string | null;
  readonly return_origins: string[];
  readonly rate_limits: Merchant['rate_limits'];
  readonly case_limits: { four_eyes: Record<string, number>; write_off: Record<string, number> };
  readonly routing_approval: boolean;
  readonly duplicate_reference_guard: boolean;
}

export interface SavedMerchant {
  readonly whole: MerchantForm;
  /** What the person changed, and nothing else. */
  readonly changed: Partial<MerchantForm>;
}

/** A new merchant, or one that is changed. What is wrong with it the API says, and the dialog stays. */
export function MerchantDialog(props: {
  readonly merchant?: Merchant;
  readonly onSave: (saved: SavedMerchant, confirmed: Confirmed) => Promise<unknown>;
  readonly onClose: () => void;
}) {
  const { merchant, onSave, onClose } = props;
  const [name, setName] = useState(merchant?.name ?? '');
  const [country, setCountry] = useState(merchant?.country ?? '');
  const [category, setCategory] = useState(merchant?.category ?? '');
  const [origins, setOrigins] = useState((merchant?.return_origins ?? []).join('\n'));
  const [rates, setRates] = useState(shownJson(merchant?.rate_limits ?? {}));
  const [cases, setCases] = useState(merchant === undefined ? '' : shownJson(merchant.case_limits));
  const [approval, setApproval] = useState(merchant?.routing_approval ?? false);
  const [guard, setGuard] = useState(merchant?.duplicate_reference_guard ?? false);
  const rateLimits = parsedObject(rates);
  const caseLimits = parsedObject(cases);
  const form: MerchantForm = {
    name: name.trim(),
    country: country.trim() === '' ? null : country.trim().toUpperCase(),
    category: category.trim() === '' ? null : category.trim(),
    return_origins: origins.split(/\s+/).filter((each) => each !== ''),
    // The API judges what stands in them.
    rate_limits: (rateLimits ?? {}) as MerchantForm['rate_limits'],
    case_limits: { four_eyes: {}, write_off: {}, ...caseLimits } as MerchantForm['case_limits'],
    routing_approval: approval,
    duplicate_reference_guard: guard,
  };
  const [began] = useState(form);
  const wrong = 'This is no JSON object.';
  return (
    <ActionDialog
      title={merchant === undefined ? 'New merchant' : `Change ${merchant.name}`}
      what="It holds within two seconds, for both modes."
      ready={name.trim() !== '' && rateLimits !== undefined && caseLimits !== undefined}
      confirmLabel="Save"
      onConfirm={(confirmed) => onSave({ whole: form, changed: changedOf(began, form) }, confirmed)}
      onClose={onClose}
    >
      <Field label="Name" value={name} maxLength={100} required onText={setName} />
      <div className="grid-2">
        <Field label="Country" hint="ISO 3166-1, e.g. DE" value={country} maxLength={2} onText={setCountry} />
        <Field
          label="Category"
          hint="ISO 18245, four digits"
          value={category}
          maxLength={4}
          onText={setCategory}
        />
      </div>
      <TextArea
        label="Return origins"
        hint="Where payers may be sent back to, one a line."
        value={origins}
        onText={setOrigins}
      />
      <TextArea
        label="Rate limits"
        hint='JSON in place of the platform’s, e.g. {"writes": {"requests": 50, "seconds": 1}}'
        value={rates}
        {...(rateLimits === undefined ? { wrong } : {})}
        onText={setRates}
      />
      <TextArea
        label="Case limits"
        hint='JSON in minor units, e.g. {"four_eyes": {"EUR": 10000}, "write_off": {"EUR": 1000}}'
        value={cases}
        {...(caseLimits === undefined ? { wrong } : {})}
        onText={setCases}
      />
      <Checkbox
        label="Routing policies need a second person’s approval"
        checked={approval}
        onChecked={setApproval}
      />
      <Checkbox label="Refuse a second open payment of one reference" checked={guard} onChecked={setGuard} />
    </ActionDialog>
  );
}
