// Who read what: a word, and each engine's vote with its confidence.

import type { Word } from '../api/types';
import { Confidence } from '../parts/badges';

export const ENGINES: Record<string, string> = {
  tesseract: 'Tesseract',
  paddle: 'PP-OCR',
  easyocr: 'EasyOCR',
  ocrs: 'ocrs',
  pdf_text: 'PDF text layer',
  seq2seq: 'Encoder-decoder',
};

export function Votes({ word }: { word: Word }) {
  return (
    <table class="votes">
      <caption>
        <span class="print">{word.text}</span>
        <Confidence value={word.confidence} />
      </caption>
      <thead>
        <tr>
          <th scope="col">Engine</th>
          <th scope="col">Read</th>
          <th scope="col">Sure</th>
        </tr>
      </thead>
      <tbody>
        {word.votes.map((vote) => (
          <tr class={vote.text === word.text ? '' : 'differs'}>
            <th scope="row">{ENGINES[vote.engine] ?? vote.engine}</th>
            <td class="print">{vote.text || <em>nothing</em>}</td>
            <td>
              <Confidence value={vote.confidence} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
