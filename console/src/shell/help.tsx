import { Dialog } from '../kit/index.ts';
import { PLACES } from './shell.tsx';

/** Every key there is. */
export function Help({ onClose }: { readonly onClose: () => void }) {
  const keys: readonly (readonly [string, string])[] = [
    ['/', 'Search: any id, reference, last four'],
    ['Ctrl K', 'Search, also while typing'],
    ...PLACES.map(({ key, label }) => [`g ${key}`, label] as const),
    ['?', 'These keys'],
    ['Esc', 'Close what is open'],
  ];
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className="keys">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              {key.split(' ').map((each) => (
                <kbd key={each}>{each}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
