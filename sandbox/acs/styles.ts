// The look of the challenge page: one style sheet, no script, no request to anybody else.

export const STYLES = `
:root { --ink:#13233a; --soft:#5b6b82; --line:#dfe5ee; --brand:#0b3d6e; --deep:#072a4d; --ok:#0b6e4f; --paper:#fff; --ground:#eef2f7; }
* { box-sizing: border-box; }
body { margin:0; min-height:100vh; background:var(--ground); color:var(--ink); display:flex; justify-content:center;
  font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif; padding:24px 16px 40px; }
main { width:100%; max-width:460px; align-self:center; }
.card { background:var(--paper); border-radius:14px; overflow:hidden; box-shadow:0 1px 2px rgba(16,35,58,.08),0 12px 32px rgba(16,35,58,.12); }
header { background:linear-gradient(135deg,var(--brand),var(--deep)); color:#fff; padding:18px 24px; display:flex; align-items:center; justify-content:space-between; }
.bank { display:flex; align-items:center; gap:12px; font-weight:650; letter-spacing:.01em; }
.scheme { font-size:12px; font-weight:600; border:1px solid rgba(255,255,255,.45); border-radius:6px; padding:3px 9px; }
section { padding:24px; }
h1 { font-size:20px; line-height:1.3; margin:0 0 6px; }
p { margin:0 0 18px; color:var(--soft); }
dl { margin:0 0 22px; border:1px solid var(--line); border-radius:10px; }
dl div { display:flex; justify-content:space-between; align-items:baseline; gap:16px; padding:11px 16px; }
dl div + div { border-top:1px solid var(--line); }
dt { color:var(--soft); } dd { margin:0; font-weight:550; text-align:right; overflow-wrap:anywhere; }
.amount dd { font-size:19px; font-weight:700; font-variant-numeric:tabular-nums; }
form { display:grid; gap:10px; grid-template-columns:1fr 1fr; margin:0; }
button, .button { font:inherit; font-weight:600; border-radius:9px; padding:12px 14px; cursor:pointer; border:1px solid var(--line);
  background:#fff; color:var(--ink); text-align:center; text-decoration:none; display:block; }
button:hover { background:#f5f8fc; }
button.approve, .button { grid-column:1/-1; background:var(--ok); border-color:var(--ok); color:#fff; padding:14px; }
button.approve:hover { background:#095c42; }
button:focus-visible, .button:focus-visible { outline:3px solid #7fb2e5; outline-offset:2px; }
footer { padding:14px 24px 18px; border-top:1px solid var(--line); font-size:13px; color:var(--soft); }
.sandbox { margin:16px 4px 0; font-size:13px; color:var(--soft); text-align:center; }
.sandbox b { color:#8a4b00; background:#fdebd0; border-radius:5px; padding:1px 7px; margin-right:4px; }
`;
