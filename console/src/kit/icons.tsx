import type { ReactNode } from 'react';

/** The console's few icons, drawn here so that no font or sprite is loaded. They say nothing by themselves. */
function Icon({ children, size = 16 }: { readonly children: ReactNode; readonly size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );
}

export const CopyIcon = () => (
  <Icon size={14}>
    <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
    <path d="M10.5 3v-.5A1 1 0 0 0 9.5 1.500h-7a1 1 0 0 0-1 1v7a1 1 0 0 0 1 1H3" />
  </Icon>
);
export const CheckIcon = () => (
  <Icon size={14}>
    <path d="m3 8.500 3.300 3.300L13 4.700" />
  </Icon>
);
export const SearchIcon = () => (
  <Icon>
    <circle cx="7" cy="7" r="4.500" />
    <path d="m10.500 10.500 3.500 3.500" />
  </Icon>
);
export const MenuIcon = () => (
  <Icon size={18}>
    <path d="M2 4.500h12M2 8h12M2 11.500h12" />
  </Icon>
);
export const CloseIcon = () => (
  <Icon>
    <path d="m4 4 8 8M12 4l-8 8" />
  </Icon>
);
export const OverviewIcon = () => (
  <Icon>
    <rect x="2" y="2" width="5" height="7" rx="1" />
    <rect x="9" y="2" width="5" height="4" rx="1" />
    <rect x="2" y="11" width="5" height="3" rx="1" />
    <rect x="9" y="8" width="5" height="6" rx="1" />
  </Icon>
);
export const PaymentsIcon = () => (
  <Icon>
    <rect x="1.500" y="3.500" width="13" height="9" rx="1.500" />
    <path d="M1.500 6.500h13M4 10h2" />
  </Icon>
);
export const AnalyticsIcon = () => (
  <Icon>
    <path d="M2 2v12h12M5 11V8M8.500 11V4.500M12 11V6.500" />
  </Icon>
);
export const QueuesIcon = () => (
  <Icon>
    <path d="M2 9.500 4 3h8l2 6.500V13H2zM2 9.500h3.500l1 1.500h3l1-1.500H14" />
  </Icon>
);
export const PoliciesIcon = () => (
  <Icon>
    <circle cx="3.500" cy="8" r="1.700" />
    <circle cx="12.500" cy="3.500" r="1.700" />
    <circle cx="12.500" cy="12.500" r="1.700" />
    <path d="M5.200 8h1.600c2 0 2-4.500 4-4.500M6.800 8c2 0 2 4.500 4 4.500" />
  </Icon>
);
export const SettingsIcon = () => (
  <Icon>
    <path d="M2 4.500h7M13 4.500h1M2 11.500h1M7 11.500h7" />
    <circle cx="11" cy="4.500" r="1.800" />
    <circle cx="5" cy="11.500" r="1.800" />
  </Icon>
);
