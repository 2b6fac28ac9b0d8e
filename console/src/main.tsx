/**
 * console/: the operators' web page, for people who look after money. What lives here: the shell (src/shell), the kit that pages
 * are made of (src/kit), one folder a page (src/pages), and the client of the HTTP API (src/api), which is all that it talks to.
 * What may not: anything imported from the other rooms, a rule about money, a secret, an inline script or style.
 */
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Router } from 'wouter';
import { withMerchant } from './api/merchant.ts';
import { queryClient } from './api/query.ts';
import { App } from './app.tsx';
import './kit/tokens.css';
import './kit/base.css';
import './kit/kit.css';
import './kit/table.css';
import './shell/shell.css';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element with the id "root"');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <Router
        base="/console"
        hrefs={withMerchant}
        aroundNav={(navigate, to, options) => navigate(withMerchant(to), options)}
      >
        <App />
      </Router>
    </QueryClientProvider>
  </StrictMode>,
);
