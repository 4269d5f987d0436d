import { render } from 'preact';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/parts.css';
import './styles/documents.css';
import './styles/viewer.css';
import './styles/review.css';
import './styles/tables.css';
import './styles/trends.css';
import './styles/chat.css';
import './styles/admin.css';
import { App } from './app';

render(<App />, document.getElementById('app')!);
